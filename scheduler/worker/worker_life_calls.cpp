// A worker's calls to the scheduler, and what their answers mean to the session.
#include <fmt/format.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "scheduler/worker/boot_clock.h"
#include "scheduler/worker/worker_life.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;
using Answer = WorkerSession::Answer;
using Async = SchedulerCalls::Async;

constexpr auto kCallDeadline = 15s;
constexpr std::int64_t kAcquireWaitMs = 20'000;
constexpr std::int64_t kProgressMs = 2'000;

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

}  // namespace

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

void WorkerLife::say_goodbye() {
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

bool WorkerLife::register_worker() {
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

void WorkerLife::begin_session(const v1::RegisterResponse& response) {
  SessionSetting setting;
  setting.slots = setting_.slots;
  setting.lease_ms = response.lease_ms();
  if (!setting_.is_sole) setting.progress_ms = kProgressMs;  // a local run hears of it in the process
  session_.emplace(setting, static_cast<WorkerPort&>(*this), random01);
  news(fmt::format("worker {} is known to the scheduler; {} slots, {}", id_, setting_.slots, *engine_));
  if (response.state() == v1::WORKER_STATE_QUARANTINED)
    news("its name is quarantined: it gets no work until `lathe workers restore " + setting_.name + "`");
  for (int s = 0; s < std::ssize(slots_); ++s) {
    if (slots_[static_cast<std::size_t>(s)].is_ready) session_->on_executor_ready(s, boot_ms());
  }
}

bool WorkerLife::note_refusal(const grpc::Status& status) {
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

void WorkerLife::recall(int s, const v1::ExecutorEvent::Question& question) {
  v1::RecallRequest request = question.recall();
  request.set_worker_id(id_);
  const std::int64_t generation = slots_[static_cast<std::size_t>(s)].generation;
  ask_recall(s, generation, question.question(), request, 0);
}

void WorkerLife::ask_recall(int s, std::int64_t generation, std::int64_t question, const v1::RecallRequest& request,
                            int tries) {
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

void WorkerLife::put_log(const AttemptLog& log, google::protobuf::RepeatedPtrField<v1::LogLine>& lines) const {
  if (setting_.is_sole) return;
  const std::int64_t now = boot_ms();
  for (const AttemptLog::Line& said : log.lines()) {
    v1::LogLine& line = *lines.Add();
    line.set_text(said.text);
    line.set_before_ms(now - said.at_ms);
  }
}

void WorkerLife::say_failure(const Work& work, const AttemptFailure& failure, AttemptLog& log) const {
  const std::int64_t now = boot_ms();
  const bool fell_silent = failure.code == "EXECUTOR_DIED" || failure.code == "STALLED";
  if (fell_silent && work.began_ms != 0)
    log.add_end(fmt::format("last heard of: {}, {:.0f} % done", work.stage, 100 * work.share), now);
  const std::string span =
      work.began_ms == 0 ? "" : fmt::format(" after {:.3f} s", static_cast<double>(now - work.began_ms) / 1000);
  log.add_end(
      fmt::format("failed{}, {} ({}): {}", span, failure.code, to_string(failure.failure_class), failure.message), now);
}

Answer WorkerLife::answer_of(const grpc::Status& status, bool is_lost) {
  if (status.ok()) return is_lost ? Answer::kLost : Answer::kDone;
  switch (status.error_code()) {
    case StatusCode::INVALID_ARGUMENT:
    case StatusCode::NOT_FOUND:
    case StatusCode::UNIMPLEMENTED:
      news("the scheduler refuses: " + status.error_message());
      return Answer::kLost;
    case StatusCode::RESOURCE_EXHAUSTED:
      // Too many calls at once pass; a message that is too large stays so.
      if (status.error_message().find("larger than max") == std::string::npos) return Answer::kRepeat;
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

void WorkerLife::acquire(std::int64_t call, const WantedTasks& wanted, bool waits) {
  v1::AcquireTasksRequest request;
  request.set_worker_id(id_);
  request.set_max_tasks(wanted.at_once);
  request.set_ahead(wanted.ahead);
  request.set_spare(wanted.spare);
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

void WorkerLife::end_acquire(std::int64_t) {
  if (acquiring_) acquiring_->TryCancel();
}

void WorkerLife::heartbeat(std::int64_t call, const std::vector<LeaseKey>& leases) {
  v1::HeartbeatRequest request;
  request.set_worker_id(id_);
  for (const LeaseKey& key : leases) {
    *request.add_leases() = ref_of(key);
    const auto work = work_.find(key);
    if (work == work_.end() || work->second.began_ms == 0) continue;
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

void WorkerLife::announce(LeaseKey lease) {
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

void WorkerLife::commit(LeaseKey lease) {
  const Work& work = work_[lease];
  v1::CommitResultRequest request = work.result;
  request.set_worker_id(id_);
  put_log(work.log, *request.mutable_log());
  calls_->start<v1::CommitResultRequest, v1::CommitResultResponse>(
      pick<v1::CommitResultRequest, v1::CommitResultResponse>(&Async::CommitResult), request, kCallDeadline,
      [this, lease](const grpc::Status& status, const v1::CommitResultResponse& response) {
        session_->on_committed(lease, answer_of(status, response.lost()), boot_ms());
      });
}

void WorkerLife::fail(LeaseKey lease, const AttemptFailure& failure) {
  v1::FailAttemptRequest request;
  request.set_worker_id(id_);
  *request.mutable_lease() = ref_of(lease);
  v1::FailureClass failure_class = v1::FAILURE_CLASS_TASK;
  v1::FailureClass_Parse("FAILURE_CLASS_" + std::string(to_string(failure.failure_class)), &failure_class);
  request.set_failure_class(failure_class);
  request.set_reason_code(failure.code);
  request.set_message(failure.message);
  const Work& work = work_[lease];
  AttemptLog log = work.log;
  say_failure(work, failure, log);
  put_log(log, *request.mutable_log());
  calls_->start<v1::FailAttemptRequest, v1::FailAttemptResponse>(
      pick<v1::FailAttemptRequest, v1::FailAttemptResponse>(&Async::FailAttempt), request, kCallDeadline,
      [this, lease](const grpc::Status& status, const v1::FailAttemptResponse& response) {
        session_->on_failed(lease, answer_of(status, response.lost()), boot_ms());
      });
}

void WorkerLife::release(LeaseKey lease) {
  v1::ReleaseTasksRequest request;
  request.set_worker_id(id_);
  *request.add_leases() = ref_of(lease);
  calls_->start<v1::ReleaseTasksRequest, v1::ReleaseTasksResponse>(
      pick<v1::ReleaseTasksRequest, v1::ReleaseTasksResponse>(&Async::ReleaseTasks), request, kCallDeadline,
      [this, lease](const grpc::Status& status, const v1::ReleaseTasksResponse&) {
        session_->on_released(lease, answer_of(status, false), boot_ms());
      });
}

}  // namespace lathe::scheduler
