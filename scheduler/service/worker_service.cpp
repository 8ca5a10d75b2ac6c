#include "scheduler/service/worker_service.h"

#include <fmt/format.h>

#include "scheduler/service/record_messages.h"
#include "scheduler/worker/job_request.h"

namespace lathe::scheduler {
namespace {

using grpc::Status, grpc::StatusCode;

constexpr std::int64_t kMaxWaitMs = 30'000;
// Kept with the task and with each attempt, and shown in lists.
constexpr std::size_t kMaxReasonBytes = 4'096;
constexpr CallKind kWorkerCall{"a worker's call", Role::kWorker};

LeaseId lease_of(const v1::LeaseRef& lease) { return {lease.task_id(), lease.token()}; }

std::vector<OutputRecord> outputs_of(const google::protobuf::RepeatedPtrField<v1::OutputFile>& files) {
  std::vector<OutputRecord> outputs;
  for (const v1::OutputFile& file : files) outputs.push_back(output_of(file));
  return outputs;
}

std::vector<SaidLine> log_of(const google::protobuf::RepeatedPtrField<v1::LogLine>& lines) {
  std::vector<SaidLine> log;
  for (const v1::LogLine& line : lines) log.push_back({line.text(), line.before_ms()});
  return log;
}

}  // namespace

WorkerService::Reactor* WorkerService::Register(Context* context, const v1::RegisterRequest* request,
                                                v1::RegisterResponse* response) {
  return farm_.gate.answer(
      context, {"Register", Role::kWorker, true}, "worker " + request->worker().worker_id(), [=, this](const Caller&) {
        const v1::WorkerSpec& spec = request->worker();
        if (spec.slots() < 1 || spec.slots() > 1024) throw std::invalid_argument("slots lies between 1 and 1024");
        if (spec.version() != farm_.version) {
          return Status(
              StatusCode::FAILED_PRECONDITION,
              fmt::format("this scheduler is {}, the worker {}: they must be the same", farm_.version, spec.version()));
        }
        response->set_state(to_message(farm_.store.register_worker(worker_spec_of(spec))));
        response->set_lease_ms(farm_.lease_ms);
        response->set_scheduler(farm_.version);
        return Status::OK;
      });
}

grpc::Status WorkerService::fill_grants(const std::vector<Lease>& leases, v1::AcquireTasksResponse& response) {
  for (const Lease& lease : leases) {
    v1::LeasedTask& task = *response.add_tasks();
    task.mutable_lease()->set_task_id(lease.id.task_id);
    task.mutable_lease()->set_token(lease.id.token);
    task.set_job_id(lease.job_id);
    task.set_position(lease.position);
    *task.mutable_spec() = spec_message(lease.input, lease.album, lease.predicted_cost, lease.payload_json, 0, 0);
    task.set_lease_ms(farm_.lease_ms);
    task.set_runs_alone(lease.run_alone);
    task.set_earlier_failures(lease.history.infra_failures + lease.history.task_failures + lease.history.crashes);
    if (response.jobs().contains(lease.job_id)) continue;
    const auto job = farm_.store.job(lease.job_id);
    if (!job) return {StatusCode::INTERNAL, fmt::format("job {} has gone", lease.job_id)};
    (*response.mutable_jobs())[lease.job_id] = job_spec_message(job->header, true);
  }
  return Status::OK;
}

void WorkerService::give_back(const std::vector<Lease>& leases) {
  try {
    for (const Lease& lease : leases) farm_.store.release(lease.id);
  } catch (const std::exception&) {
    // They run out.
  }
}

WorkerService::Reactor* WorkerService::AcquireTasks(Context* context, const v1::AcquireTasksRequest* request,
                                                    v1::AcquireTasksResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Caller caller;
  if (const Status status = farm_.gate.admit(*context, kWorkerCall, caller); !status.ok()) {
    reactor->Finish(status);
    return reactor;
  }
  const bool is_right = request->max_tasks() >= 0 && request->ahead() >= 0 && request->spare() >= 0 &&
                        std::int64_t{request->max_tasks()} + request->ahead() + request->spare() <= kMostTasksAtOnce &&
                        request->wait_ms() >= 0 && request->wait_ms() <= kMaxWaitMs;
  if (!is_right) {
    reactor->Finish(
        {StatusCode::INVALID_ARGUMENT, fmt::format("at most {} tasks and {} ms", kMostTasksAtOnce, kMaxWaitMs)});
    return reactor;
  }
  const bool has_room = farm_.gate.try_post([=, this] {
    try {
      const auto worker = farm_.store.worker(request->worker_id());
      if (!worker || worker->state == WorkerState::kGone)
        return reactor->Finish({StatusCode::NOT_FOUND, "this worker is not known; register again under a new id"});
      response->set_state(to_message(worker->state));
      if (worker->state != WorkerState::kActive) return reactor->Finish(Status::OK);
      AcquireDesk::Waiter waiter;
      waiter.request.worker_id = request->worker_id();
      waiter.request.lease_ms = farm_.lease_ms;
      if (request->job_id() != 0) waiter.request.job = request->job_id();
      waiter.request.engine = worker->spec.engine;
      waiter.request.memory_bytes = worker->spec.memory_bytes > 0 ? worker->spec.memory_bytes : INT64_MAX;
      waiter.request.sole_worker = request->sole_worker();
      waiter.wanted = {request->max_tasks(), request->ahead(), request->spare()};
      waiter.request.spare_cost = kSpareCostS * static_cast<double>(worker->spec.slots);
      waiter.until = std::chrono::steady_clock::now() + std::chrono::milliseconds(request->wait_ms());
      waiter.is_gone = [context] { return context->IsCancelled(); };
      waiter.answer = [this, context, reactor, response](Status status, const std::vector<Lease>& leases) {
        if (context->IsCancelled()) {
          give_back(leases);  // nobody would hear of them
          status = Status::CANCELLED;
        }
        if (status.ok() && !leases.empty()) {
          try {
            status = fill_grants(leases, *response);
          } catch (const std::exception& error) {
            status = status_of(error);  // the leases run out, and others get the tasks
          }
        }
        reactor->Finish(status);
      };
      desk_.serve_or_wait(std::move(waiter));
    } catch (const std::exception& error) {
      reactor->Finish(status_of(error));
    }
  });
  if (!has_room) reactor->Finish({StatusCode::RESOURCE_EXHAUSTED, "too many calls at once; try again in a moment"});
  return reactor;
}

WorkerService::Reactor* WorkerService::Heartbeat(Context* context, const v1::HeartbeatRequest* request,
                                                 v1::HeartbeatResponse* response) {
  return farm_.gate.answer(context, kWorkerCall, "", [=, this](const Caller&) {
    std::vector<LeaseId> leases;
    for (const v1::LeaseRef& lease : request->leases()) leases.push_back(lease_of(lease));
    v1::HeartbeatRequest status;
    *status.mutable_progress() = request->progress();
    *status.mutable_load() = request->load();
    if (!request->trouble().empty())
      farm_.store.set_worker_state(request->worker_id(), WorkerState::kQuarantined, request->trouble());
    if (request->is_leaving()) {
      farm_.store.rescue_worker(request->worker_id(), random01);
      farm_.store.set_worker_state(request->worker_id(), WorkerState::kGone, "it has ended");
      farm_.signal.raise();
      response->set_state(v1::WORKER_STATE_GONE);
      return Status::OK;
    }
    const lathe::scheduler::Heartbeat heard =
        farm_.store.heartbeat(request->worker_id(), leases, farm_.lease_ms, to_json(status));
    for (const LeaseId& lost : heard.lost) {
      v1::LeaseRef& lease = *response->add_lost();
      lease.set_task_id(lost.task_id);
      lease.set_token(lost.token);
    }
    response->set_state(to_message(heard.state));
    response->set_lease_ms(farm_.lease_ms);
    return Status::OK;
  });
}

WorkerService::Reactor* WorkerService::Recall(Context* context, const v1::RecallRequest* request,
                                              v1::RecallResponse* response) {
  return farm_.gate.answer(context, kWorkerCall, "", [=, this](const Caller&) {
    if (request->has_input())
      response->set_content_hash(farm_.store.find_input(identity_of_message(request->input())).value_or(""));
    for (const std::string& path : request->output_paths()) {
      for (const KnownOutput& known : farm_.store.find_outputs(path)) {
        v1::RecallResponse::Known& message = *response->add_known();
        message.mutable_file()->set_path(known.output.path);
        message.mutable_file()->set_bytes(known.output.bytes);
        message.mutable_file()->set_mtime_ns(known.output.mtime_ns);
        message.mutable_file()->set_sha256(known.output.sha256);
        message.set_is_committed(known.is_committed);
        if (const auto task = farm_.store.task(known.task_id)) message.set_input(input_of(*task, path));
      }
    }
    if (!request->cache_key().empty()) {
      const auto found = farm_.store.find_result(request->cache_key());
      if (found) response->set_result_json(found->result_json);
    }
    return Status::OK;
  });
}

WorkerService::Reactor* WorkerService::AnnounceOutputs(Context* context, const v1::AnnounceOutputsRequest* request,
                                                       v1::AnnounceOutputsResponse* response) {
  return farm_.gate.answer(context, kWorkerCall, "", [=, this](const Caller&) {
    response->set_lost(!farm_.store.announce_outputs(lease_of(request->lease()), outputs_of(request->outputs())));
    return Status::OK;
  });
}

// A hash that is remembered already is not written again: that would be one more wait for the disk a track.
void WorkerService::keep_memory(const v1::CommitResultRequest& request) {
  const auto keep = [this](const v1::FileIdentity& file, const std::string& content_hash) {
    if (content_hash.empty()) return;
    const FileIdentity input = identity_of_message(file);
    if (farm_.store.find_input(input) != content_hash) farm_.store.remember_input(input, content_hash);
  };
  keep(request.input(), request.content_hash());
  for (const auto& member : request.more_inputs()) keep(member.input(), member.content_hash());
}

WorkerService::Reactor* WorkerService::CommitResult(Context* context, const v1::CommitResultRequest* request,
                                                    v1::CommitResultResponse* response) {
  return farm_.gate.answer(context, kWorkerCall, "", [=, this](const Caller&) {
    keep_memory(*request);
    Commit commit;
    commit.state = task_state_of(request->state());
    commit.result_json = request->result_json();
    if (!request->cache_key().empty()) commit.cache = {{request->cache_key(), request->result_json()}};
    commit.outputs = outputs_of(request->outputs());
    commit.log = log_of(request->log());
    response->set_lost(farm_.store.commit(lease_of(request->lease()), commit) == CommitOutcome::kLost);
    return Status::OK;
  });
}

WorkerService::Reactor* WorkerService::FailAttempt(Context* context, const v1::FailAttemptRequest* request,
                                                   v1::FailAttemptResponse* response) {
  return farm_.gate.answer(context, kWorkerCall, "", [=, this](const Caller&) {
    const FailOutcome outcome =
        farm_.store.fail(lease_of(request->lease()), failure_class_of(request->failure_class()), request->reason_code(),
                         request->message().substr(0, kMaxReasonBytes), random01(), log_of(request->log()));
    response->set_lost(outcome.is_lost);
    if (!outcome.is_lost) response->set_state(to_message(outcome.state));
    farm_.signal.raise();
    return Status::OK;
  });
}

WorkerService::Reactor* WorkerService::ReleaseTasks(Context* context, const v1::ReleaseTasksRequest* request,
                                                    v1::ReleaseTasksResponse*) {
  return farm_.gate.answer(context, kWorkerCall, "", [=, this](const Caller&) {
    for (const v1::LeaseRef& lease : request->leases()) farm_.store.release(lease_of(lease));
    farm_.signal.raise();
    return Status::OK;
  });
}

WorkerService::Reactor* WorkerService::AppendLog(Context* context, const v1::AppendLogRequest* request,
                                                 v1::AppendLogResponse* response) {
  return farm_.gate.answer(context, kWorkerCall, "", [=, this](const Caller&) {
    response->set_lost(
        !farm_.store.append_log(lease_of(request->lease()), {request->lines().begin(), request->lines().end()}));
    return Status::OK;
  });
}

}  // namespace lathe::scheduler
