#include "scheduler/worker/farm_worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <random>
#include <thread>

#include "scheduler/core/worker_session.h"
#include "scheduler/worker/boot_clock.h"
#include "scheduler/worker/executor_process.h"
#include "scheduler/worker/scheduler_calls.h"
#include "scheduler/worker/slot_memory.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;
using Answer = WorkerSession::Answer;
using Async = SchedulerCalls::Async;

constexpr auto kTick = 50ms;
constexpr auto kCallDeadline = 15s;
constexpr std::int64_t kAcquireWaitMs = 20'000;
// And ten times the predicted work: reading from slow storage says nothing while it waits.
constexpr std::int64_t kStallMs = 10 * 60'000;
// An executor that dies so often in a row without having become ready will not get better.
constexpr int kDeathsUnready = 3;

LeaseKey key_of(const v1::LeaseRef& lease) { return {lease.task_id(), lease.token()}; }

v1::LeaseRef ref_of(LeaseKey key) {
  v1::LeaseRef lease;
  lease.set_task_id(key.task_id);
  lease.set_token(key.token);
  return lease;
}

WorkerSession::Standing standing_of(v1::WorkerState state) {
  switch (state) {
    case v1::WORKER_STATE_DRAINING:
      return WorkerSession::Standing::kDraining;
    case v1::WORKER_STATE_QUARANTINED:
      return WorkerSession::Standing::kQuarantined;
    case v1::WORKER_STATE_GONE:
      return WorkerSession::Standing::kGone;
    default:
      return WorkerSession::Standing::kActive;
  }
}

double random01() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

FailureClass failure_class_of(v1::FailureClass failure_class) {
  switch (failure_class) {
    case v1::FAILURE_CLASS_INFRA:
      return FailureClass::kInfra;
    case v1::FAILURE_CLASS_PERMANENT:
      return FailureClass::kPermanent;
    case v1::FAILURE_CLASS_CRASH:
      return FailureClass::kCrash;
    default:
      return FailureClass::kTask;
  }
}

}  // namespace

// From one registration to its end. All of it belongs to one thread; the queue brings what others have to say.
class FarmWorker::Life final : private WorkerPort {
 public:
  Life(FarmWorker& worker, const std::atomic<WorkerOrder>& order)
      : worker_(worker),
        setting_(worker.setting_),
        order_(order),
        calls_(std::make_unique<SchedulerCalls>(queue_, worker.connect_(), setting_.token)),
        beats_(std::make_unique<SchedulerCalls>(queue_, worker.connect_(), setting_.token)),
        memory_(setting_.memory_bytes) {}

  ~Life() override {
    calls_.reset();
    beats_.reset();
    for (auto& slot : slots_) slot.process.reset();
  }

  // True: the scheduler does not know it any more, and it must register anew.
  bool run() {
    // Executors first: they know what kind of arithmetic this worker has.
    slots_.resize(static_cast<std::size_t>(setting_.slots));
    for (int s = 0; s < setting_.slots; ++s) start_executor(s);
    while (!engine_ && !is_told_to_end()) turn();
    if (!register_worker()) return false;
    while (!session_->is_over() && order_.load() != WorkerOrder::kAbort) {
      obey();
      turn();
      session_->tick(boot_ms());
    }
    const bool is_forgotten = session_->standing() == WorkerSession::Standing::kGone && !is_told_to_end();
    if (!is_forgotten && order_.load() != WorkerOrder::kAbort) say_goodbye();
    return is_forgotten;
  }

 private:
  struct Slot {
    std::unique_ptr<ExecutorProcess> process;
    std::int64_t generation = 0;
    bool is_ready = false;
    int deaths_unready = 0;
    std::int64_t restart_ms = 0;  // when it is to be started again; 0: it runs
  };
  struct Work {
    v1::LeasedTask task;
    v1::CommitResultRequest result;
    double share = 0;
    std::string stage;
    std::int64_t heard_ms = 0;  // when the executor last said something of it; 0: it has not begun, or is done
  };

  bool is_told_to_end() const { return order_.load() != WorkerOrder::kWork; }
  void news(const std::string& text) const {
    if (setting_.on_news) setting_.on_news(text);
  }

  // Does what has come, and what is due.
  void turn() {
    queue_.run_for(kTick);
    if (unfit_) throw WorkerUnfit(*unfit_);
    if (denied_) throw WorkerDenied(*denied_);
    for (int s = 0; s < std::ssize(slots_); ++s) {
      Slot& slot = slots_[static_cast<std::size_t>(s)];
      if (slot.restart_ms == 0 || slot.restart_ms > boot_ms()) continue;
      slot.restart_ms = 0;
      slot.process.reset();
      start_executor(s);
    }
    if (session_) end_stalled();
  }

  // An executor that says nothing of its track for long hangs: it is killed, and the track told so.
  void end_stalled() {
    const std::int64_t now = boot_ms();
    for (auto& [key, work] : work_) {
      if (work.heard_ms == 0) continue;
      const std::int64_t patience = kStallMs + static_cast<std::int64_t>(work.task.spec().predicted_cost_s() * 10'000);
      if (now - work.heard_ms < patience) continue;
      news(fmt::format("the executor has said nothing of {} for {} s: killed", work.task.spec().input(),
                       patience / 1000));
      work.heard_ms = 0;
      session_->on_stalled(key, now);
      return;
    }
  }

  void obey() {
    const WorkerOrder order = order_.load();
    if (order == obeyed_) return;
    obeyed_ = order;
    if (order == WorkerOrder::kDrain) session_->drain(boot_ms());
    if (order == WorkerOrder::kStop) session_->stop(boot_ms());
  }

  // Best effort: without it the scheduler finds out by itself, later.
  void say_goodbye() {
    v1::HeartbeatRequest request;
    request.set_worker_id(id_);
    request.set_is_leaving(true);
    bool is_answered = false;
    beats_->start<v1::HeartbeatRequest, v1::HeartbeatResponse>(
        pick<v1::HeartbeatRequest, v1::HeartbeatResponse>(&Async::Heartbeat), request, 2s,
        [&is_answered](const grpc::Status&, const v1::HeartbeatResponse&) { is_answered = true; });
    const std::int64_t until = boot_ms() + 3'000;
    while (!is_answered && boot_ms() < until) queue_.run_for(kTick);
    if (!is_answered) beats_.reset();  // its answer would come to what is gone
  }

  // --- registration ---

  bool register_worker() {
    v1::RegisterRequest request;
    v1::WorkerSpec& spec = *request.mutable_worker();
    std::random_device random;
    id_ = fmt::format("{}:{}:{:08x}", setting_.name, ::getpid(), random());
    spec.set_worker_id(id_);
    spec.set_name(setting_.name);
    spec.set_engine(*engine_);
    spec.set_version(setting_.version);
    spec.set_slots(setting_.slots);
    spec.set_memory_bytes(setting_.memory_bytes);
    spec.set_host(host_name());
    spec.set_processors(static_cast<int>(std::thread::hardware_concurrency()));
    spec.set_gpu(gpu_);
    bool is_known = false, is_asked = false, was_away = false;
    std::int64_t next_ms = 0;
    int tries = 0;
    const Backoff backoff{200, 5'000};
    while (!is_known && !is_told_to_end()) {
      if (!is_asked && boot_ms() >= next_ms) {
        is_asked = true;
        calls_->start<v1::RegisterRequest, v1::RegisterResponse>(
            pick<v1::RegisterRequest, v1::RegisterResponse>(&Async::Register), request, kCallDeadline,
            [&, this](const grpc::Status& status, const v1::RegisterResponse& response) {
              is_asked = false;
              if (status.ok()) {
                is_known = true;
                begin_session(response);
                return;
              }
              if (!note_refusal(status) && !was_away) {
                was_away = true;
                news("the scheduler cannot be reached yet, asking again: " + status.error_message());
              }
              next_ms = boot_ms() + backoff.wait_ms(++tries, random01());
            });
      }
      turn();
    }
    if (is_known) return true;
    calls_.reset();  // its answer would come to what is gone
    return false;
  }

  void begin_session(const v1::RegisterResponse& response) {
    SessionSetting setting;
    setting.slots = setting_.slots;
    setting.lease_ms = response.lease_ms();
    session_.emplace(setting, static_cast<WorkerPort&>(*this), random01);
    news(fmt::format("worker {} is known to the scheduler; {} slots, {}", id_, setting_.slots, *engine_));
    if (response.state() == v1::WORKER_STATE_QUARANTINED)
      news("its name is quarantined: it gets no work until `lathe workers restore " + setting_.name + "`");
    for (int s = 0; s < std::ssize(slots_); ++s) {
      if (slots_[static_cast<std::size_t>(s)].is_ready) session_->on_executor_ready(s, boot_ms());
    }
  }

  // True if the answer means the end of this worker; its exception is thrown from the loop.
  bool note_refusal(const grpc::Status& status) {
    switch (status.error_code()) {
      case StatusCode::UNAUTHENTICATED:
      case StatusCode::PERMISSION_DENIED:
        denied_ = status.error_message();
        return true;
      case StatusCode::FAILED_PRECONDITION:
        unfit_ = status.error_message();
        return true;
      default:
        return false;
    }
  }

  // --- executors ---

  void start_executor(int s) {
    Slot& slot = slots_[static_cast<std::size_t>(s)];
    const std::int64_t generation = ++slot.generation;
    slot.is_ready = false;
    v1::ExecutorSetting setting;
    setting.set_backend(setting_.backend);
    setting.set_spool_dir(setting_.spool_dir.string());
    setting.set_memory_bytes(setting_.memory_bytes);
    setting.set_slots(setting_.slots);
    setting.set_gpu_is_lost(gpu_is_lost_);
    for (const std::string& root : setting_.roots) setting.add_roots(root);
    slot.process = std::make_unique<ExecutorProcess>(
        setting_.executable, setting,
        ExecutorProcess::Callbacks{[this, s, generation](v1::ExecutorEvent event) {
                                     queue_.post([this, s, generation, event = std::move(event)] {
                                       if (slots_[static_cast<std::size_t>(s)].generation == generation)
                                         on_event(s, event);
                                     });
                                   },
                                   [this, s, generation](const std::string& how) {
                                     queue_.post([this, s, generation, how] {
                                       if (slots_[static_cast<std::size_t>(s)].generation == generation)
                                         on_executor_end(s, how);
                                     });
                                   }});
  }

  void on_executor_end(int s, const std::string& how) {
    Slot& slot = slots_[static_cast<std::size_t>(s)];
    slot.deaths_unready = slot.is_ready ? 0 : slot.deaths_unready + 1;
    if (slot.deaths_unready >= kDeathsUnready && !unfit_)
      unfit_ = fmt::format("executors end before they are ready: {}", how);
    slot.is_ready = false;
    slot.restart_ms = boot_ms() + 100 * slot.deaths_unready + 1;
    for (const auto& [request, granted] : memory_.release(s)) grant(granted, request);
    if (session_) {
      session_->on_executor_gone(
          s, {FailureClass::kCrash, "EXECUTOR_DIED", "the process that worked on the track died: " + how}, boot_ms());
    }
  }

  void on_event(int s, const v1::ExecutorEvent& event) {
    const std::int64_t now = boot_ms();
    Slot& slot = slots_[static_cast<std::size_t>(s)];
    switch (event.event_case()) {
      case v1::ExecutorEvent::kReady:
        slot.is_ready = true;
        slot.deaths_unready = 0;
        if (!engine_) {
          engine_ = event.ready().engine();
          gpu_ = event.ready().gpu();
          memory_.set_device_total(event.ready().device_memory_bytes());
        }
        if (session_) session_->on_executor_ready(s, now);
        break;
      case v1::ExecutorEvent::kStarted:
        work_[key_of(event.started().lease())].heard_ms = now;
        session_->on_started(key_of(event.started().lease()));
        break;
      case v1::ExecutorEvent::kProgress:
        if (const auto work = work_.find(key_of(event.progress().lease())); work != work_.end()) {
          work->second.share = event.progress().share();
          work->second.heard_ms = now;
          work->second.stage = event.progress().stage();
          if (setting_.on_progress) setting_.on_progress(work->first.task_id, work->second.share);
        }
        break;
      case v1::ExecutorEvent::kQuestion:
        recall(s, event.question());
        break;
      case v1::ExecutorEvent::kFinished:
        if (const auto work = work_.find(key_of(event.finished().result().lease())); work != work_.end()) {
          work->second.result = event.finished().result();
          work->second.heard_ms = 0;
          add_load(event.finished().load());
          session_->on_finished(work->first, event.finished().result().outputs_size() > 0, now);
        }
        break;
      case v1::ExecutorEvent::kPublished:
        session_->on_published(key_of(event.published().lease()), now);
        break;
      case v1::ExecutorEvent::kFailed:
        on_attempt_failed(s, event.failed(), now);
        break;
      case v1::ExecutorEvent::kDropped:
        session_->on_dropped(key_of(event.dropped().lease()), now);
        break;
      case v1::ExecutorEvent::kMemoryWanted:
        for (const auto& [request, granted] :
             memory_.ask(s, event.memory_wanted().request(), event.memory_wanted().bytes(),
                         event.memory_wanted().is_device())) {
          grant(granted, request);
        }
        break;
      case v1::ExecutorEvent::kLog:
        append_log(event.log());
        break;
      case v1::ExecutorEvent::EVENT_NOT_SET:
        break;
    }
  }

  void on_attempt_failed(int s, const v1::ExecutorEvent::Failed& failed, std::int64_t now) {
    if (failed.reason_code() == "NO_BACKEND") {
      unfit_ = failed.message();
      return;
    }
    if (failed.device_is_lost()) {
      lose_gpu(failed.message());
      session_->give_up(s, now);
      return;
    }
    session_->on_attempt_failed(key_of(failed.lease()),
                                {failure_class_of(failed.failure_class()), failed.reason_code(), failed.message()},
                                now);
  }

  // The executor's process can use no GPU any more, through no fault of the track: that is given back.
  void lose_gpu(const std::string& how) {
    if (setting_.on_gpu_lost) setting_.on_gpu_lost(how);
    news("the GPU was lost: " + how);
    if (setting_.is_sole) {
      gpu_is_lost_ = setting_.backend == "auto";
    } else {
      trouble_ = "the GPU was lost: " + how;
    }
  }

  void grant(int s, std::int64_t request) {
    v1::ExecutorCommand command;
    command.mutable_memory_granted()->set_request(request);
    send(s, command);
  }

  void send(int s, const v1::ExecutorCommand& command) {
    Slot& slot = slots_[static_cast<std::size_t>(s)];
    if (slot.process) slot.process->send(command);  // if it is gone, on_executor_end comes
  }

  void recall(int s, const v1::ExecutorEvent::Question& question) {
    v1::RecallRequest request = question.recall();
    request.set_worker_id(id_);
    const std::int64_t generation = slots_[static_cast<std::size_t>(s)].generation;
    ask_recall(s, generation, question.question(), request, 0);
  }

  // Asked again for as long as the lease can hold; then the executor has been killed anyway.
  void ask_recall(int s, std::int64_t generation, std::int64_t question, const v1::RecallRequest& request, int tries) {
    calls_->start<v1::RecallRequest, v1::RecallResponse>(
        pick<v1::RecallRequest, v1::RecallResponse>(&Async::Recall), request, kCallDeadline,
        [=, this](const grpc::Status& status, const v1::RecallResponse& response) {
          if (slots_[static_cast<std::size_t>(s)].generation != generation) return;
          v1::ExecutorCommand command;
          command.mutable_recalled()->set_question(question);
          if (status.ok()) {
            *command.mutable_recalled()->mutable_answer() = response;
          } else if (answer_of(status, false) == Answer::kRepeat && tries < 5) {
            return ask_recall(s, generation, question, request, tries + 1);
          } else {
            command.mutable_recalled()->set_error("the scheduler could not be asked: " + status.error_message());
          }
          send(s, command);
        });
  }

  void append_log(const v1::ExecutorEvent::Log& log) {
    v1::AppendLogRequest request;
    request.set_worker_id(id_);
    *request.mutable_lease() = log.lease();
    *request.mutable_lines() = log.lines();
    calls_->start<v1::AppendLogRequest, v1::AppendLogResponse>(
        pick<v1::AppendLogRequest, v1::AppendLogResponse>(&Async::AppendLog), request, kCallDeadline,
        [](const grpc::Status&, const v1::AppendLogResponse&) {});
  }

  void add_load(const v1::WorkerLoad& load) {
    load_.set_decode_s(load_.decode_s() + load.decode_s());
    load_.set_kernels_s(load_.kernels_s() + load.kernels_s());
    load_.set_limiter_s(load_.limiter_s() + load.limiter_s());
    load_.set_encode_s(load_.encode_s() + load.encode_s());
    load_.set_io_s(load_.io_s() + load.io_s());
    load_.set_audio_s(load_.audio_s() + load.audio_s());
    const std::lock_guard lock(worker_.mutex_);
    Busy& busy = worker_.busy_;
    busy.decode_s += load.decode_s();
    busy.kernels_s += load.kernels_s();
    busy.limiter_s += load.limiter_s();
    busy.encode_s += load.encode_s();
    busy.io_s += load.io_s();
    busy.audio_s += load.audio_s();
  }

  // --- the session's calls ---

  // What an answer means for an attempt. What no repeating can mend counts as lost: the lease runs out, and the
  // scheduler says what becomes of the task.
  Answer answer_of(const grpc::Status& status, bool is_lost) {
    if (status.ok()) return is_lost ? Answer::kLost : Answer::kDone;
    switch (status.error_code()) {
      case StatusCode::INVALID_ARGUMENT:
      case StatusCode::NOT_FOUND:
      case StatusCode::UNIMPLEMENTED:
        news("the scheduler refuses: " + status.error_message());
        return Answer::kLost;
      case StatusCode::UNAUTHENTICATED:
      case StatusCode::PERMISSION_DENIED:
        note_refusal(status);
        return Answer::kRepeat;
      default:
        return Answer::kRepeat;
    }
  }

  // The stub's methods are overloaded; this names the one that takes a callback.
  template <class Request, class Response>
  using CallbackMethod = void (Async::*)(grpc::ClientContext*, const Request*, Response*,
                                         std::function<void(grpc::Status)>);
  template <class Request, class Response>
  static CallbackMethod<Request, Response> pick(CallbackMethod<Request, Response> method) {
    return method;
  }

  void acquire(std::int64_t call, int tasks, int ahead, bool waits) override {
    v1::AcquireTasksRequest request;
    request.set_worker_id(id_);
    request.set_max_tasks(tasks);
    request.set_ahead(ahead);
    request.set_wait_ms(waits ? kAcquireWaitMs : 0);
    request.set_job_id(setting_.only_job);
    request.set_sole_worker(setting_.is_sole);
    acquiring_ = calls_->start<v1::AcquireTasksRequest, v1::AcquireTasksResponse>(
        pick<v1::AcquireTasksRequest, v1::AcquireTasksResponse>(&Async::AcquireTasks), request,
        std::chrono::milliseconds(request.wait_ms()) + 10s,
        [this, call](const grpc::Status& status, const v1::AcquireTasksResponse& response) {
          const std::int64_t now = boot_ms();
          if (!status.ok()) {
            note_refusal(status);
            return session_->on_acquire_failed(call, now);
          }
          std::vector<WorkerSession::Granted> granted;
          for (const v1::LeasedTask& task : response.tasks()) {
            const auto job = response.jobs().find(task.job_id());
            if (job == response.jobs().end()) continue;
            work_[key_of(task.lease())].task = task;
            jobs_[task.job_id()] = job->second;
            granted.push_back({key_of(task.lease()), task.lease_ms(), task.runs_alone()});
          }
          session_->on_acquired(call, granted, standing_of(response.state()), now);
        });
  }

  void end_acquire(std::int64_t) override {
    if (acquiring_) acquiring_->TryCancel();
  }

  void heartbeat(std::int64_t call, const std::vector<LeaseKey>& leases) override {
    v1::HeartbeatRequest request;
    request.set_worker_id(id_);
    for (const LeaseKey& key : leases) {
      *request.add_leases() = ref_of(key);
      const auto work = work_.find(key);
      if (work == work_.end() || work->second.share <= 0) continue;
      v1::TaskProgress& progress = *request.add_progress();
      *progress.mutable_lease() = ref_of(key);
      progress.set_share(work->second.share);
      progress.set_stage(work->second.stage);
    }
    const std::int64_t now = boot_ms();
    *request.mutable_load() = load_;
    request.mutable_load()->set_wall_s(beaten_ms_ == 0 ? 0 : static_cast<double>(now - beaten_ms_) / 1000);
    request.set_trouble(trouble_);
    request.set_is_draining(session_->is_draining());
    load_.Clear();
    beaten_ms_ = now;
    beats_->start<v1::HeartbeatRequest, v1::HeartbeatResponse>(
        pick<v1::HeartbeatRequest, v1::HeartbeatResponse>(&Async::Heartbeat), request, 8s,
        [this, call](const grpc::Status& status, const v1::HeartbeatResponse& response) {
          if (!status.ok()) {
            if (status.error_code() == StatusCode::NOT_FOUND)
              return session_->on_heartbeat(call, {}, WorkerSession::Standing::kGone, boot_ms());
            note_refusal(status);
            return session_->on_heartbeat_failed(call, boot_ms());
          }
          std::vector<LeaseKey> lost;
          for (const v1::LeaseRef& lease : response.lost()) lost.push_back(key_of(lease));
          session_->on_heartbeat(call, lost, standing_of(response.state()), boot_ms());
        });
  }

  void announce(LeaseKey lease) override {
    v1::AnnounceOutputsRequest request;
    request.set_worker_id(id_);
    *request.mutable_lease() = ref_of(lease);
    *request.mutable_outputs() = work_[lease].result.outputs();
    calls_->start<v1::AnnounceOutputsRequest, v1::AnnounceOutputsResponse>(
        pick<v1::AnnounceOutputsRequest, v1::AnnounceOutputsResponse>(&Async::AnnounceOutputs), request, kCallDeadline,
        [this, lease](const grpc::Status& status, const v1::AnnounceOutputsResponse& response) {
          session_->on_announced(lease, answer_of(status, response.lost()), boot_ms());
        });
  }

  void commit(LeaseKey lease) override {
    v1::CommitResultRequest request = work_[lease].result;
    request.set_worker_id(id_);
    calls_->start<v1::CommitResultRequest, v1::CommitResultResponse>(
        pick<v1::CommitResultRequest, v1::CommitResultResponse>(&Async::CommitResult), request, kCallDeadline,
        [this, lease](const grpc::Status& status, const v1::CommitResultResponse& response) {
          session_->on_committed(lease, answer_of(status, response.lost()), boot_ms());
        });
  }

  void fail(LeaseKey lease, const AttemptFailure& failure) override {
    v1::FailAttemptRequest request;
    request.set_worker_id(id_);
    *request.mutable_lease() = ref_of(lease);
    v1::FailureClass failure_class = v1::FAILURE_CLASS_TASK;
    v1::FailureClass_Parse("FAILURE_CLASS_" + std::string(to_string(failure.failure_class)), &failure_class);
    request.set_failure_class(failure_class);
    request.set_reason_code(failure.code);
    request.set_message(failure.message);
    calls_->start<v1::FailAttemptRequest, v1::FailAttemptResponse>(
        pick<v1::FailAttemptRequest, v1::FailAttemptResponse>(&Async::FailAttempt), request, kCallDeadline,
        [this, lease](const grpc::Status& status, const v1::FailAttemptResponse& response) {
          session_->on_failed(lease, answer_of(status, response.lost()), boot_ms());
        });
  }

  void release(LeaseKey lease) override {
    v1::ReleaseTasksRequest request;
    request.set_worker_id(id_);
    *request.add_leases() = ref_of(lease);
    calls_->start<v1::ReleaseTasksRequest, v1::ReleaseTasksResponse>(
        pick<v1::ReleaseTasksRequest, v1::ReleaseTasksResponse>(&Async::ReleaseTasks), request, kCallDeadline,
        [this, lease](const grpc::Status& status, const v1::ReleaseTasksResponse&) {
          session_->on_released(lease, answer_of(status, false), boot_ms());
        });
  }

  void start(int slot, LeaseKey lease) override {
    const Work& work = work_[lease];
    v1::ExecutorCommand command;
    v1::StartTask& start = *command.mutable_start();
    *start.mutable_lease() = ref_of(lease);
    start.set_job_id(work.task.job_id());
    *start.mutable_spec() = work.task.spec();
    *start.mutable_job() = jobs_[work.task.job_id()];
    send(slot, command);
  }

  void publish(int slot, LeaseKey lease, std::int64_t until_ms) override {
    v1::ExecutorCommand command;
    *command.mutable_publish()->mutable_lease() = ref_of(lease);
    command.mutable_publish()->set_until_ms(until_ms);
    send(slot, command);
  }

  void drop(int slot, LeaseKey lease) override {
    v1::ExecutorCommand command;
    *command.mutable_drop()->mutable_lease() = ref_of(lease);
    send(slot, command);
  }

  void kill(int slot) override {
    if (auto& process = slots_[static_cast<std::size_t>(slot)].process) process->kill();
  }

  void forget(LeaseKey lease) override { work_.erase(lease); }

  FarmWorker& worker_;
  const FarmWorkerSetting& setting_;
  const std::atomic<WorkerOrder>& order_;
  WorkerOrder obeyed_ = WorkerOrder::kWork;
  EventQueue queue_;
  std::unique_ptr<SchedulerCalls> calls_, beats_;
  std::shared_ptr<grpc::ClientContext> acquiring_;
  SlotMemory memory_;
  std::vector<Slot> slots_;
  std::optional<WorkerSession> session_;
  std::map<LeaseKey, Work> work_;
  std::map<std::int64_t, v1::JobSpec> jobs_;
  std::string id_, gpu_, trouble_;
  std::optional<std::string> engine_, unfit_, denied_;
  bool gpu_is_lost_ = false;
  v1::WorkerLoad load_;
  std::int64_t beaten_ms_ = 0;
};

FarmWorker::FarmWorker(FarmWorkerSetting setting, std::function<std::shared_ptr<grpc::Channel>()> connect)
    : setting_(std::move(setting)), connect_(std::move(connect)) {}

FarmWorker::~FarmWorker() = default;

void FarmWorker::run(const std::atomic<WorkerOrder>& order) {
  while (Life(*this, order).run()) {
    if (setting_.on_news) setting_.on_news("the scheduler does not know this worker any more: registering anew");
  }
}

FarmWorker::Busy FarmWorker::busy() const {
  const std::lock_guard lock(mutex_);
  return busy_;
}

}  // namespace lathe::scheduler
