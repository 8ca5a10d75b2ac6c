// Programmes whose outputs share gains: all are read and taken through the stages, then each gain is solved over all
// that share it, and corrected by what all of their files measure together.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "host/mastering/track_master.h"
#include "host/mastering/track_run.h"

namespace lathe {

class AlbumRun {
 public:
  // All that is named outlives the run.
  AlbumRun(const AlbumJob& album, EqDesigns& designs, cuda::Accelerator* accelerator, const MasteringProgress& progress,
           const std::atomic<bool>& is_cancelled);

  // Once.
  MasteredAlbum run();

 private:
  // Programmes that share a gain, and the rendition of each that it is for.
  struct Pool {
    std::vector<std::size_t> members;
    std::vector<const Rendition*> renditions;  // one a member
  };

  std::vector<Pool> pools() const;
  AlbumLoudness master(const Pool& pool);
  Measurement measured(const Pool& pool);
  bool is_whole(const Pool& pool) const;
  AlbumLoudness loudness_of(const Pool& pool, const Measurement& after, const GainPlan& plan) const;

  // What one programme holds from its reading to its last file.
  struct Member {
    FrameArena arena, second_arena;
    MasteringProgress progress;
    double share = 0;  // done
    std::unique_ptr<TrackRun> run;
  };

  void report_progress(std::string_view stage) const;

  const AlbumJob& album_;
  const MasteringProgress& progress_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace lathe
