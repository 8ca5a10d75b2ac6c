#include "scheduler/worker/local_batch.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <system_error>
#include <thread>

#include "host/audio_file/staged_file.h"
#include "kernels/cuda/cuda_error.h"
#include "scheduler/worker/local_store.h"
#include "scheduler/worker/publisher.h"
#include "scheduler/worker/state_folder.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLeaseMs = 30'000;

double random01() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

// Rough seconds of work: bytes stand for samples.
double predicted_cost(const ScannedTrack& track) { return static_cast<double>(track.bytes) + 1e5; }

void read_ahead(const std::string& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.is_open()) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_WILLNEED);
}

JobSpec job_spec(const LocalBatch& batch, const std::vector<ScannedTrack>& tracks) {
  JobSpec spec;
  spec.header.request_id = new_request_id();
  spec.header.kind = "master";
  spec.header.out_dir = batch.setting.out_dir.string();
  const EffectiveRecipe recipe = batch.setting.recipe->effective();
  spec.header.recipe_json = recipe.canonical_json;
  spec.header.recipe_sha256 = recipe.sha256;
  for (const ScannedTrack& track : tracks) {
    // A path may hold any bytes and JSON text may not: bytes outside of ASCII travel as Latin-1 code points.
    nlohmann::json payload;
    payload["relative"] = path_to_text(track.relative);
    spec.tasks.push_back({.input = track.input,
                          .album = track.album,
                          .predicted_cost = predicted_cost(track),
                          .payload_json = payload.dump()});
  }
  return spec;
}

// One run's threads and what they share.
class Run {
 public:
  Run(LocalBatch& batch, const std::vector<ScannedTrack>& tracks)
      : batch_(batch),
        tracks_(tracks),
        lock_(batch.state_dir, batch.setting.out_dir),
        local_((batch.state_dir / "jobs.sqlite").string(), clock_, batch.setting.out_dir.string()),
        store_(local_.store()),
        memory_(batch.memory_bytes),
        device_memory_(device_memory_bytes(batch.setting.backend)) {
    remove_abandoned(batch.setting.out_dir);
    batch.setting.clashes = name_clashes(tracks, *batch.setting.recipe, batch.setting.out_dir);
    for (const ScannedTrack& track : tracks) {
      const FileIdentity input = identity_of(track.input);
      if (input.inode != 0) batch.setting.inputs.insert({input.device, input.inode});
    }
    job_ = store_.submit(job_spec(batch, tracks)).job_id;
    for (const ScannedTrack& track : tracks) total_cost_ += predicted_cost(track);
  }

  BatchResult run() {
    const auto started = std::chrono::steady_clock::now();
    for (const TaskRecord& task : all_tasks()) upcoming_.push_back(task);
    std::sort(upcoming_.begin(), upcoming_.end(),
              [](const auto& a, const auto& b) { return a.plan_rank < b.plan_rank; });
    BatchResult result;
    {
      Publisher publisher(store_, [this](const PublishedTask& task) { on_published(task); });
      publisher_ = &publisher;
      std::vector<std::jthread> workers;
      try {
        for (int i = 0; i < std::max(1, batch_.jobs); ++i) {
          ++at_work_;
          workers.emplace_back([this] {
            guarded([this] { work(); });
            --at_work_;
          });
        }
      } catch (const std::system_error&) {
        --at_work_;
        if (workers.empty()) throw;  // else the threads there are do the work
      }
      guarded([this] { supervise(); });
      workers.clear();  // joins
    }
    result.was_interrupted = is_interrupted();
    result.was_resumed = local_.has_cancelled_any();
    result.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    const std::lock_guard lock(mutex_);
    result.busy = busy_;
    result.gpu_failure = gpu_failure_;
    result.audio_s = audio_s_;
    if (fatal_) {
      report_early_end(result);
    } else {
      for (const TaskRecord& task : all_tasks()) {
        const bool has_ended = is_final(task.state) && task.state != TaskState::kCancelled;
        if (has_ended) result.tracks.push_back(outcome_of(task));
        result.left += !has_ended;
      }
    }
    return result;
  }

 private:
  // The store failed while tracks were in work: what has ended is in its place, and the report still says so.
  void report_early_end(BatchResult& result) {
    try {
      std::rethrow_exception(fatal_);
    } catch (const std::exception& error) {
      result.store_failure = error.what();
    }
    for (const ScannedTrack& track : tracks_) {
      const auto found = outcomes_.find(track.input);
      result.tracks.push_back(found != outcomes_.end()
                                  ? found->second
                                  : TrackOutcome{TaskState::kFailed, track.input, "STORE", result.store_failure, {}});
    }
  }

  std::vector<TaskRecord> all_tasks() {
    std::vector<TaskRecord> all;
    for (std::int64_t after = -1;;) {
      const std::vector<TaskRecord> page = store_.tasks(job_, {}, after, 1000);
      if (page.empty()) return all;
      after = page.back().position;
      all.insert(all.end(), page.begin(), page.end());
    }
  }

  static TrackOutcome outcome_of(const TaskRecord& task) {
    return {task.state, task.input, task.reason_code, task.message, task.result_json};
  }

  bool is_interrupted() const { return batch_.is_interrupted != nullptr && batch_.is_interrupted->load(); }

  // A worker thread: claims, runs, hands over to the publisher, until nothing is left.
  void work() {
    TaskRunner runner(batch_.setting, store_, designs_, memory_, device_memory_, gpu_is_lost_);
    const ClaimRequest request{.worker_id = local_.worker_id(),
                               .lease_ms = kLeaseMs,
                               .kinds = {},
                               .job = job_,
                               .engine = {},
                               .sole_worker = true};
    while (!cancelled_.load()) {
      const std::vector<Lease> leases = store_.claim(request);
      if (leases.empty()) {
        if (store_.counts(job_).unfinished() == 0) return;
        local_.stay_active();
        wait_for_change();
        continue;
      }
      hold(leases[0]);
      work_on(runner, leases[0]);
    }
  }

  void work_on(TaskRunner& runner, const Lease& lease) {
    advise_next(lease);
    try {
      FinishedTask done = runner.run(
          lease, [this, &lease](double share) { note_progress(lease.id.task_id, share * lease.predicted_cost); },
          cancelled_);
      publisher_->publish({lease, std::move(done)});
    } catch (const MasteringCancelled&) {
      let_go(lease);
      store_.release(lease.id);
    } catch (const cuda::CudaError& error) {
      if (!error.is_context_lost()) return fail(lease, failure_of(error));
      lose_gpu(error.what());
      let_go(lease);
      store_.release(lease.id);
      changed_.notify_all();
    } catch (const std::exception& error) {
      fail(lease, failure_of(error));
    }
  }

  // This process can use no GPU any more, through no fault of the track in work. `auto` goes on with the CPU; where a
  // GPU was asked for, the run ends, and the next one goes on where it stopped.
  void lose_gpu(const std::string& how) {
    gpu_is_lost_ = true;
    const std::lock_guard lock(mutex_);
    if (gpu_failure_.empty()) gpu_failure_ = how;
    if (!batch_.setting.backend.may_change) cancelled_ = true;
  }

  void fail(const Lease& lease, const TaskFailure& failure) {
    let_go(lease);
    const FailOutcome outcome = store_.fail(lease.id, failure.failure_class, failure.code, failure.message, random01());
    if (outcome.is_lost) return lost(lease);
    if (is_final(outcome.state)) ended(lease.id.task_id, outcome.state, lease.predicted_cost);
    changed_.notify_all();
  }

  // Another took the task from this run, or cancelled it: what the store says of it holds. If it is still to be done,
  // it will be claimed again; a task that is done by now was counted by whoever did it.
  void lost(const Lease& lease) {
    {
      const std::lock_guard lock(mutex_);
      in_work_.erase(lease.id.task_id);
    }
    changed_.notify_all();
  }

  // A store that fails ends the whole run, from whichever thread it is seen.
  template <class Work>
  void guarded(Work&& work) {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!fatal_) fatal_ = std::current_exception();
      cancelled_ = true;
    }
  }

  void on_published(const PublishedTask& task) {
    guarded([this, &task] { end_published(task); });
  }

  void end_published(const PublishedTask& task) {
    if (task.failure) return fail(task.lease, *task.failure);
    let_go(task.lease);
    if (task.is_lost) return lost(task.lease);
    {
      const std::lock_guard lock(mutex_);
      busy_ += task.busy;
      audio_s_ += task.audio_s;
    }
    ended(task.lease.id.task_id, task.is_unchanged ? TaskState::kUnchanged : TaskState::kDone,
          task.lease.predicted_cost);
    changed_.notify_all();
  }

  void ended(TaskId task, TaskState state, double cost) {
    note_end(task, state, cost);
    if (const auto record = store_.task(task)) {
      const std::lock_guard lock(report_mutex_);
      outcomes_[record->input] = outcome_of(*record);
      if (batch_.on_track) batch_.on_track(outcome_of(*record));
    }
  }

  void note_end(TaskId task, TaskState state, double cost) {
    const std::lock_guard lock(mutex_);
    in_work_.erase(task);
    ended_cost_ += cost;
    ++finished_;
    if (state == TaskState::kFailed || state == TaskState::kQuarantined) ++failed_;
  }

  void note_progress(TaskId task, double cost) {
    const std::lock_guard lock(mutex_);
    in_work_[task] = cost;
  }

  void hold(const Lease& lease) {
    const std::lock_guard lock(mutex_);
    held_.push_back(lease.id);
  }
  void let_go(const Lease& lease) {
    const std::lock_guard lock(mutex_);
    std::erase(held_, lease.id);
  }

  void wait_for_change() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 200ms);
  }

  // Reads the file that will be claimed some tracks from now into the page cache while this one is worked on.
  void advise_next(const Lease& lease) {
    std::string path;
    {
      const std::lock_guard lock(mutex_);
      while (!upcoming_.empty() && upcoming_.front().id != lease.id.task_id) upcoming_.pop_front();
      const auto ahead = static_cast<std::size_t>(std::max(1, batch_.jobs));
      if (upcoming_.size() > ahead) path = upcoming_[ahead].input;
    }
    if (!path.empty()) read_ahead(path);
  }

  // The heartbeat and the progress display, on the calling thread.
  void supervise() {
    auto renewed = std::chrono::steady_clock::now();
    while (true) {
      const bool stop = is_interrupted();
      if (stop) cancelled_ = true;
      std::vector<LeaseId> held;
      BatchProgress progress;
      bool is_fatal = false;
      const bool is_over = at_work_ == 0;  // then nothing more comes to be held
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 100ms);
        held = held_;
        is_fatal = fatal_ != nullptr;
        progress = {static_cast<std::int64_t>(tracks_.size()), finished_, failed_, 0, audio_s_};
        double cost = ended_cost_;
        for (const auto& [task, part] : in_work_) cost += part;
        progress.share = total_cost_ > 0 ? std::min(1.0, cost / total_cost_) : 1.0;
      }
      if (batch_.on_progress) batch_.on_progress(progress);
      // Tasks that were cancelled from outside never finish.
      if (progress.finished == progress.tracks || ((stop || is_over) && held.empty()) || is_fatal) return;
      const auto now = std::chrono::steady_clock::now();
      if (now - renewed > std::chrono::milliseconds(kLeaseMs / 3)) {
        renewed = now;
        store_.heartbeat(local_.worker_id(), held, kLeaseMs, {});
      }
    }
  }

  LocalBatch& batch_;
  const std::vector<ScannedTrack>& tracks_;
  SystemClock clock_;
  OutputLock lock_;
  LocalStore local_;
  JobStore& store_;
  MemoryBudget memory_;
  MemoryBudget device_memory_;
  EqDesigns designs_;
  JobId job_ = 0;
  std::exception_ptr fatal_;
  Publisher* publisher_ = nullptr;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> gpu_is_lost_{false};
  std::atomic<int> at_work_{0};  // worker threads that have not returned

  std::mutex report_mutex_;
  std::map<std::string, TrackOutcome> outcomes_;  // by input, of the tracks that have ended
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<TaskRecord> upcoming_;  // in planned order
  std::vector<LeaseId> held_;
  std::map<TaskId, double> in_work_;
  std::int64_t finished_ = 0, failed_ = 0;
  double ended_cost_ = 0, total_cost_ = 0, audio_s_ = 0;
  BusySeconds busy_;
  std::string gpu_failure_;
};

}  // namespace

BatchResult LocalBatch::run(const std::vector<ScannedTrack>& tracks) {
  if (tracks.empty()) return {};
  return Run(*this, tracks).run();
}

}  // namespace lathe::scheduler
