#include "scheduler/worker/local_batch.h"

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>

#include "host/audio_file/staged_file.h"
#include "scheduler/service/farm_server.h"
#include "scheduler/store/open_job_store.h"
#include "scheduler/store/store_error.h"
#include "scheduler/worker/album_groups.h"
#include "scheduler/worker/farm_worker.h"
#include "scheduler/worker/job_request.h"
#include "scheduler/worker/listed_tracks.h"
#include "scheduler/worker/state_folder.h"
#include "scheduler/worker/track_source.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 50ms;
constexpr int kEventsAtOnce = 1'000;
constexpr std::int64_t kSilentMs = 60'000;  // six heartbeats

// Disk full or memory short on one machine: two more tries a few seconds apart, when other tracks have ended, then the
// track fails. There is no other worker to wait for.
RetryPolicy local_policy() {
  RetryPolicy policy;
  policy.infra_failures = 3;
  policy.task_failures = 2;
  policy.infra_backoff = {1'000, 4'000};
  policy.task_backoff = {100, 1'000};
  policy.other_worker_patience_ms = 0;
  return policy;
}

std::string random_id() {
  std::random_device random;
  return fmt::format("local-{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

// One run, and what its threads share: the server's, the worker's, and the caller's, which watches.
class LocalRun {
 public:
  LocalRun(LocalBatch& batch, const std::vector<ScannedTrack>& tracks)
      : batch_(batch),
        tracks_(tracks),
        lock_(batch.lock == nullptr ? std::optional<OutputLock>(std::in_place, batch.state_dir, batch.out_dir)
                                    : std::nullopt),
        store_(open_sqlite_store((batch.state_dir / "jobs.sqlite").string(), clock_, local_policy())) {
    remove_abandoned(batch.out_dir);
    cancel_abandoned_jobs();
    // Workers of runs that were killed. Runs into other output folders go on: theirs have just been heard of.
    store_->retire_silent_workers(clock_.now_ms() - kSilentMs);
    const SubmitResult submitted = store_->submit(job_spec());
    job_ = submitted.job_id;
  }

  BatchResult run() {
    const auto started = std::chrono::steady_clock::now();
    BatchResult result;
    {
      FarmServerSetting serving;
      serving.version = version();
      serving.threads = 4;
      serving.on_store_failure = [this](const std::exception& error) { note_fatal(error.what()); };
      FarmServer server(*store_, serving);
      FarmWorker worker(worker_setting(), [&server] { return server.in_process_channel(); });
      std::jthread hands([this, &worker] {
        try {
          worker.run(order_);
        } catch (const std::exception& error) {
          note_fatal(error.what());
        }
        is_over_ = true;
      });
      watch();
      hands.join();
      const FarmWorker::Busy busy = worker.busy();
      result.busy = {busy.decode_s, busy.kernels_s, busy.limiter_s, busy.encode_s, busy.io_s};
    }
    result.was_interrupted = is_interrupted();
    result.was_resumed = resumed_;
    const std::lock_guard lock(mutex_);
    result.gpu_failure = gpu_failure_;
    result.store_failure = fatal_;
    try {
      if (result.store_failure.empty()) take_news();
    } catch (const std::exception& error) {
      result.store_failure = error.what();
    }
    result.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    result.audio_s = audio_s_;
    collect(result);
    return result;
  }

 private:
  static std::string version() { return "lathe " LATHE_VERSION; }

  // A run that was killed left its job behind: the lock says that nobody works on it. Its finished tracks are in the
  // store's memory of results, which checks that they are still there, so the new job finds them unchanged.
  void cancel_abandoned_jobs() {
    JobFilter unfinished;
    unfinished.states = {JobState::kAccepting, JobState::kRunning, JobState::kPaused, JobState::kCancelling};
    for (JobId before = INT64_MAX;;) {
      const auto jobs = store_->jobs(unfinished, before, 100);
      for (const JobRecord& job : jobs) {
        before = job.id;
        if (job.header.out_dir != batch_.out_dir.string()) continue;
        resumed_ = true;
        store_->cancel(job.id);
      }
      if (jobs.empty()) return;
    }
  }

  JobSpec job_spec() {
    v1::MasterSetting setting;
    setting.set_out_dir(batch_.out_dir.string());
    setting.set_overwrite(batch_.overwrite);
    setting.set_pcm_md5(batch_.pcm_md5);
    setting.set_no_cache(!batch_.use_cache);
    JobSpec spec = master_job_spec(setting, batch_.recipe->effective());
    spec.header.request_id = random_id();
    spec.header.submitted_by = "local";
    const TrackProblems problems = master_problems(tracks_, *batch_.recipe, batch_.out_dir);
    const Grouping grouping = group_tracks(tracks_, *batch_.recipe, problems, batch_.jobs, batch_.is_interrupted);
    warnings_ = grouping.warnings;
    for (const v1::TaskSpec& task : master_tasks(tracks_, grouping)) {
      total_cost_ += task.predicted_cost_s();
      spec.tasks.push_back(task_record(task));
    }
    return spec;
  }

  FarmWorkerSetting worker_setting() {
    FarmWorkerSetting setting;
    setting.name = "local";
    setting.executable = batch_.executable;
    setting.slots = std::max(1, std::min(batch_.jobs, static_cast<int>(std::min<std::size_t>(tracks_.size(), 1024))));
    setting.memory_bytes = batch_.memory_bytes;
    setting.backend = batch_.backend.backend == Backend::cpu ? "cpu" : batch_.backend.may_change ? "auto" : "cuda";
    setting.spool_dir = batch_.state_dir;
    setting.only_job = job_;
    setting.is_sole = true;
    setting.version = version();
    setting.on_progress = [this](TaskId task, double share) {
      const std::lock_guard lock(mutex_);
      in_work_[task] = share;
    };
    setting.on_gpu_lost = [this](const std::string& how) {
      const std::lock_guard lock(mutex_);
      if (gpu_failure_.empty()) gpu_failure_ = how;
      // Where a GPU was asked for, the run ends, and the next one goes on where it stopped.
      if (!batch_.backend.may_change) order_ = WorkerOrder::kStop;
    };
    return setting;
  }

  bool is_interrupted() const { return batch_.is_interrupted != nullptr && batch_.is_interrupted->load(); }

  // A store that fails ends the run, from whichever thread it is seen; so does a worker that cannot work.
  void note_fatal(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (fatal_.empty()) fatal_ = why;
    order_ = WorkerOrder::kAbort;
  }

  // The calling thread: shows how it goes, and sees when it is over.
  void watch() {
    while (!is_over_) {
      std::this_thread::sleep_for(kLook);
      if (is_interrupted() && order_ == WorkerOrder::kWork) order_ = WorkerOrder::kStop;
      try {
        take_news();
        if (is_final(store_->job(job_)->state) && order_ == WorkerOrder::kWork) order_ = WorkerOrder::kStop;
      } catch (const std::exception& error) {
        note_fatal(error.what());
      }
      if (batch_.on_progress) batch_.on_progress(progress());
    }
  }

  // Tracks that ended since the last look.
  void take_news() {
    for (;;) {
      const auto events = store_->events(job_, seen_, kEventsAtOnce);
      for (const EventRecord& event : events) {
        seen_ = event.sequence;
        if (!event.task_id) continue;
        const TaskState state = task_state_named(event.state);
        if (!is_final(state) || state == TaskState::kCancelled) continue;
        const auto task = store_->task(*event.task_id);
        if (task) note_end(*task);
      }
      if (std::ssize(events) < kEventsAtOnce) return;
    }
  }

  void note_end(const TaskRecord& task) {
    ended_cost_ += task.predicted_cost;
    audio_s_ += audio_seconds(task.result_json);
    v1::TaskSpec spec;
    spec.set_input(task.input);
    take_payload(task.payload_json, spec);
    if (const auto album = album_of(task.result_json); !album.is_null()) albums_[task.position] = album.dump();
    for (TrackOutcome& outcome :
         outcomes_of(spec, {task.state, task.input, task.reason_code, task.message, task.result_json, 0, task.album})) {
      ++finished_;
      failed_ += outcome.state == TaskState::kFailed || outcome.state == TaskState::kQuarantined;
      if (batch_.on_track) batch_.on_track(outcome);
      const std::string key = track_key(outcome.input.native(), outcome.first_frame);
      outcomes_[key] = std::move(outcome);
    }
  }

  BatchProgress progress() {
    BatchProgress progress{static_cast<std::int64_t>(tracks_.size()), finished_, failed_, 0, audio_s_};
    const std::lock_guard lock(mutex_);
    double cost = ended_cost_;
    std::erase_if(in_work_, [this, &cost](const auto& entry) {
      if (!costs_.contains(entry.first)) {
        const auto task = store_->task(entry.first);
        costs_[entry.first] = task ? task->predicted_cost : 0;
      }
      const auto task = store_->task(entry.first);
      if (!task || is_final(task->state)) return true;
      cost += entry.second * costs_[entry.first];
      return false;
    });
    progress.share = total_cost_ > 0 ? std::min(1.0, cost / total_cost_) : 1.0;
    return progress;
  }

  // The tracks that ended, in the order of the scan. If the store failed while tracks were in work, what has ended is
  // in its place, and the report still says so.
  void collect(BatchResult& result) {
    for (const auto& [position, album] : albums_) result.albums.push_back(album);
    result.warnings = warnings_;
    for (const ScannedTrack& track : tracks_) {
      const auto found = outcomes_.find(track_key(track));
      if (found != outcomes_.end()) {
        result.tracks.push_back(found->second);
      } else if (!result.store_failure.empty()) {
        result.tracks.push_back({TaskState::kFailed, track.input, "STORE", result.store_failure, {}, 0, track.album});
      } else {
        ++result.left;
      }
    }
  }

  LocalBatch& batch_;
  const std::vector<ScannedTrack>& tracks_;
  SystemClock clock_;
  std::optional<OutputLock> lock_;
  std::unique_ptr<JobStore> store_;
  double total_cost_ = 0;
  std::vector<std::string> warnings_;
  JobId job_ = 0;
  bool resumed_ = false;
  std::atomic<WorkerOrder> order_{WorkerOrder::kWork};
  std::atomic<bool> is_over_{false};

  // The calling thread's.
  std::int64_t seen_ = 0, finished_ = 0, failed_ = 0;
  double ended_cost_ = 0, audio_s_ = 0;
  std::map<std::int64_t, std::string> albums_;              // by the task's place in the job
  std::unordered_map<std::string, TrackOutcome> outcomes_;  // by track_key(), of those that have ended
  std::unordered_map<TaskId, double> costs_;

  std::mutex mutex_;
  std::unordered_map<TaskId, double> in_work_;
  std::string fatal_, gpu_failure_;
};

}  // namespace

std::string own_executable() {
  const char* named = std::getenv("LATHE_EXECUTABLE");
  return named != nullptr && *named != '\0' ? named : "/proc/self/exe";
}

BatchResult LocalBatch::run(const std::vector<ScannedTrack>& tracks) {
  if (tracks.empty()) return {};
  return LocalRun(*this, tracks).run();
}

}  // namespace lathe::scheduler
