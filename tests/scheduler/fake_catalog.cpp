#include <algorithm>

#include "lathe/v1/catalog.grpc.pb.h"
#include "lathe/v1/fleet.grpc.pb.h"
#include "lathe/v1/report.grpc.pb.h"
#include "tests/scheduler/fake_services.h"

namespace lathe::test {
namespace {

class Catalog final : public v1::CatalogService::Service, FakeServices {
 public:
  using FakeServices::FakeServices;

  Status AddTasks(ServerContext* context, grpc::ServerReader<v1::AddTasksRequest>* reader,
                  v1::AddTasksResponse* response) override {
    if (const Status status = enter(*context, "AddTasks"); !status.ok()) return status;
    v1::AddTasksRequest piece;
    while (reader->Read(&piece)) {
      const std::lock_guard lock(farm.mutex_);
      ++farm.calls_["AddTasks piece"];
      if (const Status status = add(piece, *response); !status.ok()) return status;
      if (farm.pieces_until_break > 0 && --farm.pieces_until_break == 0) return {StatusCode::UNAVAILABLE, "broke off"};
    }
    return context->IsCancelled() ? Status(StatusCode::UNAVAILABLE, "going away") : Status::OK;
  }

  Status ListTasks(ServerContext* context, const v1::ListTasksRequest* request,
                   v1::ListTasksResponse* response) override {
    return on_job(context, "ListTasks", request, [&](FakeJob& job) {
      std::size_t at = request->page_token().empty() ? 0 : std::stoul(request->page_token());
      const int size = request->page_size() == 0 ? 100 : request->page_size();
      for (; at < job.tasks.size() && response->tasks_size() < size; ++at) {
        const auto& states = request->states();
        if (!states.empty() && std::find(states.begin(), states.end(), job.tasks[at].state()) == states.end()) continue;
        *response->add_tasks() = job.tasks[at];
        if (!request->with_results()) response->mutable_tasks(response->tasks_size() - 1)->clear_result_json();
      }
      if (at < job.tasks.size()) response->set_next_page_token(std::to_string(at));
      return Status::OK;
    });
  }

  Status GetTask(ServerContext* context, const v1::GetTaskRequest* request, v1::GetTaskResponse* response) override {
    return on_task(context, "GetTask", request, [&](const v1::Task& task) { *response->mutable_task() = task; });
  }

  Status ExplainTask(ServerContext* context, const v1::ExplainTaskRequest* request,
                     v1::ExplainTaskResponse* response) override {
    return on_task(context, "ExplainTask", request, [&](const v1::Task& task) {
      *response->mutable_task() = task;
      response->add_sentences("It waits for a worker.");
      v1::Attempt& attempt = *response->add_attempts();
      attempt.set_token(1);
      attempt.set_worker_id("w-1");
      attempt.set_outcome(v1::ATTEMPT_OUTCOME_LOST);
    });
  }

  Status GetTaskLog(ServerContext* context, const v1::GetTaskLogRequest* request,
                    v1::GetTaskLogResponse* response) override {
    return on_task(context, "GetTaskLog", request, [&](const v1::Task& task) {
      for (const std::string& text : farm.logs[task.task_id()]) {
        auto& line = *response->add_lines();
        line.set_token(1);
        line.set_text(text);
      }
    });
  }

 private:
  template <class Request, class Body>
  Status on_task(ServerContext* context, const std::string& method, const Request* request, Body body) {
    if (const Status status = enter(*context, method); !status.ok()) return status;
    const std::lock_guard lock(farm.mutex_);
    const v1::Task* task = find_task(request->task_id());
    if (task == nullptr) return {StatusCode::NOT_FOUND, "there is no such task"};
    body(*task);
    return Status::OK;
  }

  Status add(const v1::AddTasksRequest& piece, v1::AddTasksResponse& response) {
    FakeJob* job = find(piece.job_id());
    if (job == nullptr) return no_job();
    if (piece.tasks_size() > 1000) return {StatusCode::INVALID_ARGUMENT, "more than 1,000 tracks in a piece"};
    if (piece.first_position() > static_cast<std::int64_t>(job->tasks.size()))
      return {StatusCode::FAILED_PRECONDITION, "pieces before this one are missing"};
    for (int i = 0; i < piece.tasks_size(); ++i) {
      const std::int64_t position = piece.first_position() + i;
      if (position < static_cast<std::int64_t>(job->tasks.size())) continue;
      v1::Task& task = job->tasks.emplace_back();
      task.set_task_id(job->job.job_id() * 1'000'000 + position);
      task.set_job_id(job->job.job_id());
      task.set_position(position);
      task.set_state(v1::TASK_STATE_PENDING);
      *task.mutable_spec() = piece.tasks(i);
    }
    job->job.set_task_count(static_cast<std::int64_t>(job->tasks.size()));
    job->job.mutable_counts()->set_pending(job->job.task_count());
    response.set_task_count(job->job.task_count());
    return Status::OK;
  }
};

class Fleet final : public v1::FleetService::Service, FakeServices {
 public:
  using FakeServices::FakeServices;

  Status ListWorkers(ServerContext* context, const v1::ListWorkersRequest*,
                     v1::ListWorkersResponse* response) override {
    if (const Status status = enter(*context, "ListWorkers"); !status.ok()) return status;
    for (const v1::Worker& worker : farm.workers) *response->add_workers() = worker;
    return Status::OK;
  }
  Status DrainWorker(ServerContext* context, const v1::DrainWorkerRequest* request,
                     v1::DrainWorkerResponse* response) override {
    return steer(context, "DrainWorker", request->worker_id(), v1::WORKER_STATE_DRAINING, *response);
  }
  Status RestoreWorker(ServerContext* context, const v1::RestoreWorkerRequest* request,
                       v1::RestoreWorkerResponse* response) override {
    return steer(context, "RestoreWorker", request->worker_id(), v1::WORKER_STATE_ACTIVE, *response);
  }
  Status ListCalls(ServerContext* context, const v1::ListCallsRequest*, v1::ListCallsResponse* response) override {
    if (const Status status = enter(*context, "ListCalls"); !status.ok()) return status;
    for (const auto& call : farm.audit_log) *response->add_calls() = call;
    return Status::OK;
  }

 private:
  template <class Response>
  Status steer(ServerContext* context, const std::string& method, const std::string& name, v1::WorkerState state,
               Response& response) {
    if (const Status status = enter(*context, method); !status.ok()) return status;
    for (v1::Worker& worker : farm.workers) {
      if (worker.spec().name() != name) continue;
      worker.set_state(state);
      *response.mutable_worker() = worker;
      return Status::OK;
    }
    return {StatusCode::NOT_FOUND, "there is no worker " + name};
  }
};

class Reports final : public v1::ReportService::Service, FakeServices {
 public:
  using FakeServices::FakeServices;

  Status StreamReport(ServerContext* context, const v1::StreamReportRequest* request,
                      grpc::ServerWriter<v1::StreamReportResponse>* writer) override {
    FakeJob copy;
    const Status status = on_job(context, "StreamReport", request, [&](FakeJob& job) {
      copy = job;
      return Status::OK;
    });
    if (!status.ok()) return status;
    v1::StreamReportResponse message;
    *message.mutable_job() = copy.job;
    int sent = 0;
    for (const v1::Task& task : copy.tasks) {
      if (request->has_after_position() && task.position() <= request->after_position()) continue;
      *message.add_tasks() = task;
      if (message.tasks_size() < 2) continue;
      if (!writer->Write(message)) return Status::CANCELLED;
      message.Clear();
      if (++sent == farm.messages_until_break) return {StatusCode::UNAVAILABLE, "broke off"};
    }
    writer->Write(message);
    return Status::OK;
  }
};

}  // namespace

std::unique_ptr<grpc::Service> make_fake_catalog(FakeFarm& farm) { return std::make_unique<Catalog>(farm); }
std::unique_ptr<grpc::Service> make_fake_fleet(FakeFarm& farm) { return std::make_unique<Fleet>(farm); }
std::unique_ptr<grpc::Service> make_fake_reports(FakeFarm& farm) { return std::make_unique<Reports>(farm); }

}  // namespace lathe::test
