// A task that is a mix of stems: mastered as one track, and found unchanged when none of its stems has changed.
#include <fmt/format.h>

#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {
namespace {

void set_stems(const TrackTask& mix, const std::vector<std::string>& hashes, FinishedTask& done) {
  done.input = mix.identity;
  done.content_hash = hashes.front();
  done.more_inputs.clear();
  for (std::size_t i = 1; i < hashes.size(); ++i) done.more_inputs.emplace_back(mix.others[i - 1], hashes[i]);
}

}  // namespace

FinishedTask TaskRunner::run_mix(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                                 const std::atomic<bool>& is_cancelled) {
  const Elapsed watch;
  TrackTask p = planner_.plan_mix(job, task);
  if (listener.say) {
    listener.say(fmt::format("began on {}, {}, {}: {} stems, {}, {:.1f} s", listener.worker, engine_name(),
                             backend_name(job.backend), p.job.stems.size(), format_text(p.format),
                             seconds_of(p.format)));
  }
  if (job.use_cache) {
    if (auto unchanged = find_unchanged_mix(p)) {
      if (listener.say)
        listener.say("unchanged: stems, recipe and engine gave this result before, and its files lie there still");
      return std::move(*unchanged);
    }
  }
  const MemoryNeed need = master_.memory_needed(p.job, p.stem_formats);
  Mastered mastered = master_planned(job, p, need, watch, listener, is_cancelled);
  set_stems(p, mastered.hashes, mastered.task);
  return std::move(mastered.task);
}

std::optional<FinishedTask> TaskRunner::find_unchanged_mix(const TrackTask& p) {
  if (p.known.known().empty()) return std::nullopt;  // its master is not there
  std::vector<std::string> hashes;
  for (std::size_t i = 0; i < p.job.stems.size(); ++i) {
    std::string hash = i == 0 ? p.known.content_hash() : planner_.known_hash(p.others[i - 1]);
    hashes.push_back(hash.empty() ? content_hash(*p.job.stems[i].reader) : std::move(hash));
  }
  FinishedTask done;
  done.cache_key = p.cache_key(mix_hash(p, hashes));
  if (!take_known(p, done)) return std::nullopt;
  set_stems(p, hashes, done);
  return done;
}

}  // namespace lathe::scheduler
