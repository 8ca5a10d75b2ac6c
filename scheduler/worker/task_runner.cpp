#include "scheduler/worker/task_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/report/track_json.h"
#include "scheduler/worker/album_task.h"
#include "scheduler/worker/elapsed.h"
#include "scheduler/worker/finished_event.h"
#include "scheduler/worker/master_tasks.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/side_task.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// The scheduler's limit for a message is 4 MiB; the rest is for who sends it and for which lease.
constexpr std::size_t kLargestResultBytes = (4 << 20) - 4096;

}  // namespace

nlohmann::ordered_json result_json(const TrackReport& report, const BackendChoice& backend) {
  nlohmann::ordered_json result = track_json(report);
  result["engine"] = engine_name();
  result["backend"] = backend_name(backend);
  if (const std::string device = device_name(backend); !device.empty()) result["device"] = device;
  result["busy"] = busy_json(report.busy);
  return result;
}

void say_how_it_went(const TrackReport& report, double wall_s, const std::function<void(const std::string&)>& say) {
  for (const std::string& note : report.notes) say("note: " + note);
  for (const OutputReport& output : report.outputs) {
    for (const std::string& tag : output.dropped_tags)
      say(fmt::format("note: left out of the {} file: {}", output.container, tag));
  }
  if (!report.reason.empty()) say("not reached as asked: " + report.reason);
  const BusySeconds& busy = report.busy;
  say(
      fmt::format("mastered in {:.3f} s; of a processor: decode {:.3f}, kernels {:.3f}, limiter {:.3f}, encode {:.3f}, "
                  "io {:.3f} s",
                  wall_s, busy.decode, busy.kernels, busy.limiter, busy.encode, busy.io));
}

void check_fits_a_message(const v1::CommitResultRequest& result) {
  if (result.ByteSizeLong() <= kLargestResultBytes) return;
  throw ResultTooLarge(
      fmt::format("the result has {:.1f} MiB, and a scheduler takes {}: a file of so many hours can only be worked "
                  "on without the farm, by `lathe audit` or `lathe master`",
                  static_cast<double>(result.ByteSizeLong()) / (1 << 20), 4));
}

std::string engine_name() { return "lathe " LATHE_VERSION; }

std::vector<bool> outputs_that_stay(const FinishedTask& task) {
  std::vector<bool> stays;
  for (std::size_t i = 0; i < task.files.size(); ++i) {
    stays.push_back(task.replace[i] == Replace::refuse && holds_the_same(task.outputs[i]));
    if (stays[i] || task.replace[i] == Replace::allow || !std::filesystem::exists(task.outputs[i].path)) continue;
    const std::string message = task.outputs[i].path +
                                ": exists already and is not replaced, for it is not this track's own unaltered "
                                "master; move it away, choose another output folder, or say --overwrite";
    if (task.was_free[i]) throw OutputAppeared(message);
    throw OutputTaken(message);
  }
  return stays;
}

TaskRunner::TaskRunner(EqDesigns& designs, MemoryBudget& memory, MemoryBudget& device_memory, Recall recall)
    : memory_(memory), device_memory_(device_memory), planner_(std::move(recall)), master_(designs) {}

TaskRunner::Room TaskRunner::take_room(const MasterJob& job, const MemoryNeed& need, const TaskListener& listener) {
  const bool is_spooled = need.kept_bytes > memory_.total();
  const std::int64_t bytes = is_spooled ? need.spooled_bytes : need.kept_bytes;
  if (is_spooled && listener.say) {
    listener.say(fmt::format("spooled to {}: kept in memory it would take {} MiB, and the worker has {}",
                             job.spool_dir.string(), need.kept_bytes >> 20, memory_.total() >> 20));
  }
  const Elapsed watch;
  Room room{memory_.take(bytes), device_memory_.take(need.device_bytes), is_spooled ? job.spool_dir : fs::path(),
            bytes > memory_.total() / std::max(2, 2 * job.jobs)};
  if (const double waited_s = watch.seconds(); waited_s > 0.1 && listener.say)
    listener.say(fmt::format("waited {:.1f} s for memory", waited_s));
  return room;
}

FinishedTask TaskRunner::run(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                             const std::atomic<bool>& is_cancelled) {
  if (task.stems()) return run_mix(job, task, listener, is_cancelled);
  if (task.members_size() > 1) return run_group(job, task, listener, is_cancelled);
  const Elapsed watch;
  TrackTask p = planner_.plan(job, members_of(task).front());
  if (shares_gain(p.job) || makes_side_file(p.job)) return run_group(job, task, listener, is_cancelled);
  if (listener.say) {
    listener.say(fmt::format("began on {}, {}, {}: {}, {:.1f} s", listener.worker, engine_name(),
                             backend_name(job.backend), format_text(p.format), seconds_of(p.format)));
  }
  if (job.use_cache) {
    if (auto unchanged = find_unchanged(p)) {
      if (listener.say)
        listener.say("unchanged: samples, recipe and engine gave this result before, and its files lie there still");
      return std::move(*unchanged);
    }
  }
  MemoryNeed need = master_.memory_needed(p.job.chain, p.job.outputs, p.format, p.job.backend);
  need.add(metadata_bytes({&p}));
  return master_planned(job, p, need, watch, listener, is_cancelled).task;
}

TaskRunner::Mastered TaskRunner::master_planned(const MasterJob& job, TrackTask& p, const MemoryNeed& need,
                                                const Elapsed& watch, const TaskListener& listener,
                                                const std::atomic<bool>& is_cancelled) {
  FinishedTask done;
  for (const OutputSpec& output : p.job.outputs) done.replace.push_back(replace_policy(job, p, output));
  Room room = take_room(job, need, listener);
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
  if (listener.say) say_how_it_went(report, watch.seconds(), listener.say);
  std::vector<std::string> hashes;
  for (const StemReport& stem : report.stems) hashes.push_back(stem.payload_hash);
  done.content_hash = hashes.empty() ? report.payload_hash : hashes.front();
  done.cache_key = p.cache_key(hashes.empty() ? report.payload_hash : mix_hash(p, hashes));
  nlohmann::ordered_json result = result_json(report, job.backend);
  describe_task(p, result);
  done.result_json = result.dump();
  done.input = p.identity;
  done.was_free = std::move(p.was_free);
  done.audio_s = static_cast<double>(report.frames) / report.sample_rate_hz;
  done.busy = report.busy;
  add_files(std::move(mastered), done);
  return {std::move(done), std::move(hashes)};
}

std::optional<FinishedTask> TaskRunner::find_unchanged(const TrackTask& p) {
  // Only worth reading the whole file when there is something that it could turn out to have given.
  if (p.known.content_hash().empty() && p.known.known().empty()) return std::nullopt;
  FinishedTask done;
  done.content_hash = content_hash(p);
  done.cache_key = p.cache_key(done.content_hash);
  if (!take_known(p, done)) return std::nullopt;
  return done;
}

bool TaskRunner::take_known(const TrackTask& p, FinishedTask& done) {
  const std::string known = planner_.result_of(done.cache_key);
  if (known.empty()) return false;
  nlohmann::ordered_json result = nlohmann::ordered_json::parse(known);
  if (!is_still_there(result, p)) return false;
  done.is_unchanged = true;
  result["input"] = json_text(p.job.input);
  describe_task(p, result);
  result.erase("busy");  // nobody was, this time
  done.result_json = result.dump();
  done.input = p.identity;
  done.audio_s = seconds_of(p.format);
  return true;
}

}  // namespace lathe::scheduler
