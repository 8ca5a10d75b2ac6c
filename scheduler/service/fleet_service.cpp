#include "scheduler/service/fleet_service.h"

#include "scheduler/service/record_messages.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

using grpc::Status, grpc::StatusCode;

constexpr int kPage = 1'000;

// By id, else by name; those that are gone only if nobody else has the name.
std::vector<WorkerRecord> workers_called(JobStore& store, const std::string& name_or_id) {
  if (const auto worker = store.worker(name_or_id)) return {*worker};
  std::vector<WorkerRecord> alive, gone;
  for (std::string after;;) {
    const std::vector<WorkerRecord> page = store.workers(after, kPage, true);
    for (const WorkerRecord& worker : page) {
      if (worker.spec.name == name_or_id) (worker.state == WorkerState::kGone ? gone : alive).push_back(worker);
    }
    if (page.size() < kPage) break;
    after = page.back().spec.id;
  }
  return alive.empty() ? gone : alive;
}

}  // namespace

FleetService::Reactor* FleetService::ListWorkers(Context* context, const v1::ListWorkersRequest* request,
                                                 v1::ListWorkersResponse* response) {
  return farm_.gate.answer(context, {"ListWorkers", Role::kViewer}, "", [=, this](const Caller&) {
    const int size = page_size(request->page_size(), 100);
    const auto workers = farm_.store.workers(request->page_token(), size, request->show_gone());
    for (const WorkerRecord& worker : workers) fill(*response->add_workers(), worker);
    if (std::ssize(workers) == size) response->set_next_page_token(workers.back().spec.id);
    return Status::OK;
  });
}

grpc::Status FleetService::change(const std::string& name_or_id, WorkerState state, const std::string& reason,
                                  v1::Worker& message) {
  const std::vector<WorkerRecord> workers = workers_called(farm_.store, name_or_id);
  if (workers.empty()) return {StatusCode::NOT_FOUND, "there is no worker '" + storable_text(name_or_id) + "'"};
  for (const WorkerRecord& worker : workers) {
    const bool is_gone = worker.state == WorkerState::kGone;
    // Of one that is gone only the name's quarantine can be lifted.
    if (is_gone && state != WorkerState::kActive)
      return {StatusCode::NOT_FOUND, "worker '" + storable_text(name_or_id) + "' is gone"};
    farm_.store.set_worker_state(worker.spec.id, state, reason);
    if (const auto now = farm_.store.worker(worker.spec.id)) fill(message, *now);
  }
  farm_.signal.raise();
  return Status::OK;
}

FleetService::Reactor* FleetService::DrainWorker(Context* context, const v1::DrainWorkerRequest* request,
                                                 v1::DrainWorkerResponse* response) {
  return farm_.gate.answer(context, {"DrainWorker", Role::kOperator, true}, "worker " + request->worker_id(),
                           [=, this](const Caller& caller) {
                             return change(request->worker_id(), WorkerState::kDraining, "drained by " + caller.who,
                                           *response->mutable_worker());
                           });
}

FleetService::Reactor* FleetService::RestoreWorker(Context* context, const v1::RestoreWorkerRequest* request,
                                                   v1::RestoreWorkerResponse* response) {
  return farm_.gate.answer(context, {"RestoreWorker", Role::kOperator, true}, "worker " + request->worker_id(),
                           [=, this](const Caller&) {
                             return change(request->worker_id(), WorkerState::kActive, "", *response->mutable_worker());
                           });
}

FleetService::Reactor* FleetService::ListCalls(Context* context, const v1::ListCallsRequest* request,
                                               v1::ListCallsResponse* response) {
  return farm_.gate.answer(context, {"ListCalls", Role::kAdmin}, "", [=, this](const Caller&) {
    const int size = page_size(request->page_size(), 100);
    const auto calls = farm_.store.calls(page_position(request->page_token(), 0), size);
    for (const CallRecord& call : calls) {
      v1::ListCallsResponse::Call& message = *response->add_calls();
      message.set_at_ms(call.at_ms);
      message.set_who(call.who);
      message.set_role(call.role);
      message.set_method(call.method);
      message.set_subject(call.subject);
      message.set_outcome(call.outcome);
    }
    if (std::ssize(calls) == size) response->set_next_page_token(page_token(calls.back().id));
    return Status::OK;
  });
}

}  // namespace lathe::scheduler
