#include "scheduler/service/watch_desk.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <optional>

#include "scheduler/service/job_service.h"
#include "scheduler/service/record_messages.h"
#include "scheduler/worker/job_request.h"
#include "scheduler/worker/master_tasks.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

// A job is looked at often while it is young, so that a short one is not waited for long after its end.
constexpr std::chrono::milliseconds kShortest = 25ms, kLongest = 250ms;
constexpr int kLooksAnAge = 40;
// What is being worked on moves without events of its own; so much time may pass between messages about it.
constexpr auto kProgressEvery = 1s;
constexpr int kEventsAtOnce = 2'000;
// How long the end of a job waits for its last events to be shown (see sql_transaction.h): a transaction that somebody
// left open on the server must not keep watches from ending.
constexpr auto kHeldBackAtMost = 30s;
constexpr int kInWorkShown = 32;
// Of ended tracks in a message: clients take 4 MiB unless told otherwise.
constexpr std::size_t kMaxEndedBytes = 2 << 20;

}  // namespace

// One stream. gRPC's threads and the desk's thread meet in it: `mutex` guards all but what is said otherwise.
class WatchDesk::Watch final : public grpc::ServerWriteReactor<v1::WatchJobResponse> {
 public:
  v1::WatchJobRequest request;
  std::atomic<bool> is_gone{false};  // gRPC is done with it
  std::mutex mutex;
  bool is_writing = false, is_finished = false;
  // The desk's thread alone:
  JobId job = 0;
  std::int64_t sequence = 0;
  bool has_begun = false;
  std::chrono::steady_clock::time_point told_at{};
  const std::chrono::steady_clock::time_point begun_at = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> held_back_since;

  std::chrono::milliseconds interval() const {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_at);
    return std::clamp(age / kLooksAnAge, kShortest, kLongest);
  }
  bool is_due() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return false;
    next_look_ = now + interval() - kShortest / 2;  // rather a little early than a round late
    return true;
  }
  bool can_write() {
    const std::lock_guard lock(mutex);
    return !is_writing && !is_finished;
  }
  void write(v1::WatchJobResponse message, bool is_last) {
    const std::lock_guard lock(mutex);
    if (is_writing || is_finished) return;
    message_ = std::move(message);
    if (is_last) {
      is_finished = true;
      StartWriteAndFinish(&message_, {}, grpc::Status::OK);
    } else {
      is_writing = true;
      StartWrite(&message_);
    }
  }
  void finish(const grpc::Status& status) {
    const std::lock_guard lock(mutex);
    if (is_finished) return;
    is_finished = true;
    Finish(status);
  }

 private:
  void OnWriteDone(bool ok) override {
    bool ends = false;
    {
      const std::lock_guard lock(mutex);
      is_writing = false;
      ends = !ok && !is_finished;
      if (ends) is_finished = true;
    }
    if (ends) Finish(grpc::Status::CANCELLED);
  }
  void OnCancel() override { finish(grpc::Status::CANCELLED); }
  // The desk lets go of it on its next round.
  void OnDone() override { is_gone = true; }

  v1::WatchJobResponse message_;
  std::chrono::steady_clock::time_point next_look_{};
};

WatchDesk::WatchDesk(FarmContext& farm)
    : farm_(farm), thread_([this](const std::stop_token& stopping) { run(stopping); }) {}

WatchDesk::~WatchDesk() {
  stop();
  thread_.request_stop();
  changed_.notify_all();
}

grpc::ServerWriteReactor<v1::WatchJobResponse>* WatchDesk::watch(grpc::CallbackServerContext& context,
                                                                 const v1::WatchJobRequest& request) {
  auto watch = std::make_shared<Watch>();
  watch->request = request;
  Caller caller;
  if (const grpc::Status status = farm_.gate.admit(context, {"WatchJob", Role::kViewer}, caller); !status.ok()) {
    Watch* refused = watch.get();
    const std::lock_guard lock(mutex_);
    watches_.push_back(std::move(watch));
    refused->finish(status);
    changed_.notify_all();  // else those refused pile up while nobody watches
    return refused;
  }
  watch->job = request.job_id();
  watch->sequence = request.after_sequence();
  Watch* raw = watch.get();
  const std::lock_guard lock(mutex_);
  watches_.push_back(std::move(watch));
  if (is_stopped_) raw->finish({grpc::StatusCode::UNAVAILABLE, "the scheduler is going away"});
  changed_.notify_all();
  return raw;
}

void WatchDesk::stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  for (const auto& watch : watches_) watch->finish({grpc::StatusCode::UNAVAILABLE, "the scheduler is going away"});
}

void WatchDesk::run(const std::stop_token& stopping) {
  while (!stopping.stop_requested()) {
    std::vector<std::shared_ptr<Watch>> watches;
    {
      std::unique_lock lock(mutex_);
      watches_.remove_if([](const std::shared_ptr<Watch>& watch) { return watch->is_gone.load(); });
      if (watches_.empty()) {
        changed_.wait(lock, stopping, [this] { return !watches_.empty(); });
      } else {
        auto interval = kLongest;
        for (const auto& watch : watches_) interval = std::min(interval, watch->interval());
        changed_.wait_for(lock, stopping, interval, [] { return false; });
      }
      watches.assign(watches_.begin(), watches_.end());
    }
    for (const auto& watch : watches) {
      if (!watch->can_write() || !watch->is_due()) continue;
      try {
        look_at(*watch);
      } catch (const std::exception& error) {
        watch->finish(status_of(error));
      }
    }
  }
}

void WatchDesk::look_at(Watch& watch) {
  JobStore& store = farm_.store;
  if (watch.job == 0) {
    const auto newest = store.jobs({}, INT64_MAX, 1);
    if (newest.empty()) return watch.finish({grpc::StatusCode::NOT_FOUND, "there is no job yet"});
    watch.job = newest.front().id;
  }
  const auto job = store.job(watch.job);
  if (!job) return watch.finish({grpc::StatusCode::NOT_FOUND, "there is no job " + std::to_string(watch.job)});
  v1::WatchJobResponse message;
  if (!watch.has_begun && watch.request.after_sequence() == 0) {
    watch.sequence = store.last_sequence(watch.job);  // from now: what happened before is in the snapshot
  }
  const auto now = std::chrono::steady_clock::now();
  const auto events = store.events(watch.job, watch.sequence, kEventsAtOnce);
  const bool is_last_page = is_final(job->state) && std::ssize(events) < kEventsAtOnce;
  if (is_last_page && store.has_events_after(watch.job, events.empty() ? watch.sequence : events.back().sequence)) {
    if (!watch.held_back_since) watch.held_back_since = now;
    if (now - *watch.held_back_since < kHeldBackAtMost) return;
  }
  watch.held_back_since.reset();
  std::size_t bytes = 0;
  for (const EventRecord& event : events) {
    if (bytes > kMaxEndedBytes) break;
    watch.sequence = event.sequence;
    if (!watch.request.with_tasks() || !event.task_id) continue;
    const TaskState state = task_state_named(event.state);
    if (!is_final(state)) continue;
    const auto task = store.task(*event.task_id);
    if (!task) continue;
    v1::WatchJobResponse::TaskEnd& end = *message.add_ended();
    end.set_task_id(task->id);
    end.set_position(task->position);
    end.set_input(task->input);
    end.set_state(to_message(state));
    end.set_reason_code(task->reason_code);
    end.set_message(task->message);
    if (state == TaskState::kFailed || state == TaskState::kQuarantined) {
      const v1::TaskSpec spec = to_message(*task);
      end.set_part(part_name(members_of(spec).front()));
      end.set_more_tracks(track_count(spec) - 1);
    }
    bytes += end.ByteSizeLong();
  }
  const bool is_over = is_last_page && (events.empty() || watch.sequence == events.back().sequence);
  const bool is_due = now - watch.told_at >= kProgressEvery;
  if (watch.has_begun && events.empty() && !is_over && !is_due) return;
  watch.has_begun = true;
  watch.told_at = now;
  message.set_sequence(watch.sequence);
  fill_job(*message.mutable_job(), store, *job, false);
  if (!is_over) {
    for (const WorkerRecord& worker : store.workers("", 1000, false)) {
      if (worker.leases == 0 || worker.status_json.empty()) continue;
      v1::HeartbeatRequest status;
      from_json(worker.status_json, status);
      for (const v1::TaskProgress& progress : status.progress()) {
        if (message.in_work_size() >= kInWorkShown) break;
        const auto task = store.task(progress.lease().task_id());
        if (!task || task->job_id != watch.job || task->worker_id != worker.spec.id) continue;
        v1::WatchJobResponse::InWork& in_work = *message.add_in_work();
        in_work.set_worker(worker.spec.name);
        in_work.set_input(task->input);
        in_work.set_share(progress.share());
        in_work.set_stage(progress.stage());
      }
    }
  }
  watch.write(std::move(message), is_over);
}

}  // namespace lathe::scheduler
