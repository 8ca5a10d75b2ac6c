#include "host/mastering/track_master.h"

#include <fmt/format.h>

#include "host/mastering/album_run.h"
#include "host/mastering/mix_run.h"
#include "host/mastering/reference_goal.h"
#include "host/mastering/track_run.h"
#include "kernels/cuda/cuda_error.h"

namespace lathe {
namespace {

void check_cancelled(const std::atomic<bool>& is_cancelled) {
  if (is_cancelled.load(std::memory_order_relaxed)) throw MasteringCancelled();
}

}  // namespace

std::string format_text(const AudioFormat& f) {
  return fmt::format("{} {}-bit{}, {} Hz, {} channel{}", container_name(f.container), bits_per_sample(f.encoding),
                     is_float(f.encoding) ? " float" : "", f.sample_rate_hz, f.channels, f.channels == 1 ? "" : "s");
}

TrackMaster::TrackMaster(EqDesigns& designs) : designs_(designs) {}
TrackMaster::~TrackMaster() = default;

template <class Work>
auto TrackMaster::on_backend(Backend backend, Work&& work) {
  if (backend == Backend::cuda && !accelerator_) accelerator_ = cuda::open_accelerator();
  try {
    return work();
  } catch (const cuda::CudaError&) {
    accelerator_.reset();  // whatever it held may be why; the next track starts anew
    throw;
  }
}

MasteredTrack TrackMaster::master(const TrackJob& job, const MasteringProgress& progress,
                                  const std::atomic<bool>& is_cancelled) {
  const auto check = [&] { check_cancelled(is_cancelled); };
  return on_backend(job.backend, [&] {
    const TrackJob known = with_known_targets(job, designs_.references(), check);
    if (!known.stems.empty() && has_versions(known))
      return master_versions(known, designs_, arena_, second_arena_, accelerator_.get(), progress, is_cancelled);
    return TrackRun(known, designs_, arena_, second_arena_, accelerator_.get(), progress, is_cancelled).run();
  });
}

MasteredAlbum TrackMaster::master(const AlbumJob& album, const MasteringProgress& progress,
                                  const std::atomic<bool>& is_cancelled) {
  if (album.programmes.empty()) return {};
  return on_backend(album.programmes.front().backend, [&] {
    AlbumJob known;
    for (const TrackJob& programme : album.programmes) {
      known.programmes.push_back(
          with_known_targets(programme, designs_.references(), [&] { check_cancelled(is_cancelled); }));
    }
    return AlbumRun(known, designs_, accelerator_.get(), progress, is_cancelled).run();
  });
}

PlannedTrack TrackMaster::plan(const TrackJob& job, const MasteringProgress& progress,
                               const std::atomic<bool>& is_cancelled) {
  const auto check = [&] { check_cancelled(is_cancelled); };
  return on_backend(job.backend, [&] {
    const TrackJob known = with_known_targets(job, designs_.references(), check);
    return TrackRun(known, designs_, arena_, second_arena_, accelerator_.get(), progress, is_cancelled).plan();
  });
}

void TrackMaster::release_memory() {
  arena_.release();
  second_arena_.release();
  if (accelerator_) accelerator_->release_memory();
}

}  // namespace lathe
