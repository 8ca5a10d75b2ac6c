// A task that is a mix of stems: mastered as one track, and found unchanged when none of its stems has changed.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "host/report/track_json.h"
#include "scheduler/worker/album_task.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(std::int64_t frames, int sample_rate_hz) { return static_cast<double>(frames) / sample_rate_hz; }

void set_inputs(const TrackTask& mix, const std::vector<std::string>& hashes, FinishedTask& done) {
  done.input = mix.identity;
  done.content_hash = hashes.front();
  done.more_inputs.clear();
  for (std::size_t i = 1; i < hashes.size(); ++i) done.more_inputs.emplace_back(mix.others[i - 1], hashes[i]);
}

}  // namespace

FinishedTask TaskRunner::run_mix(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                                 const std::atomic<bool>& is_cancelled) {
  const auto began = Clock::now();
  TrackTask p = planner_.plan_mix(job, task);
  if (listener.say) {
    listener.say(fmt::format("began on {}, {}, {}: {} stems, {}, {:.1f} s", listener.worker, engine_name(),
                             backend_name(job.backend), p.job.stems.size(), format_text(p.format),
                             seconds_of(p.format.frames, p.format.sample_rate_hz)));
  }
  if (job.use_cache) {
    if (auto unchanged = find_unchanged_mix(p)) {
      if (listener.say)
        listener.say("unchanged: stems, recipe and engine gave this result before, and its files lie there still");
      return std::move(*unchanged);
    }
  }
  FinishedTask done;
  for (const OutputSpec& output : p.job.outputs) done.replace.push_back(replace_policy(job, p, output.path));
  Room room = take_room(job, master_.memory_needed(p.job, p.stem_formats), listener);
  p.job.spool_dir = room.spool_dir;
  p.job.after_first_pass = [&room, &p] {
    room.device.reset();
    check_unchanged(p);
  };
  const MemoryRelease release(room.is_large ? &master_ : nullptr);
  MasteredTrack mastered = master_.master(p.job, listener.progress, is_cancelled);

  TrackReport& report = mastered.report;
  report.notes.insert(report.notes.begin(), p.notes.begin(), p.notes.end());
  if (!job.note.empty()) report.notes.push_back(job.note);
  if (listener.say) say_how_it_went(report, std::chrono::duration<double>(Clock::now() - began).count(), listener.say);
  std::vector<std::string> hashes;
  for (const StemReport& stem : report.stems) hashes.push_back(stem.payload_hash);
  set_inputs(p, hashes, done);
  done.cache_key = p.cache_key(mix_hash(p, hashes));
  nlohmann::ordered_json result = result_json(report, job.backend);
  describe_source(p.source, result);
  done.result_json = result.dump();
  done.was_free = std::move(p.was_free);
  done.audio_s = seconds_of(report.frames, report.sample_rate_hz);
  done.busy = report.busy;
  add_files(std::move(mastered), done);
  return done;
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
  set_inputs(p, hashes, done);
  return done;
}

}  // namespace lathe::scheduler
