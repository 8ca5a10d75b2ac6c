#include "scheduler/service/catalog_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "scheduler/service/explanation.h"
#include "scheduler/service/record_messages.h"
#include "scheduler/store/utf8.h"
#include "scheduler/worker/master_tasks.h"

namespace lathe::scheduler {
namespace {

using grpc::Status, grpc::StatusCode;

constexpr int kMaxTasksAtOnce = 1'000;
// A page is read in parts and ends early where its tasks are large: clients take messages of 4 MiB unless told
// otherwise.
constexpr int kTasksReadAtOnce = 100;
constexpr std::size_t kMaxPageBytes = 3 << 20;

Status no_such_task(TaskId task) { return {StatusCode::NOT_FOUND, fmt::format("there is no task {}", task)}; }

}  // namespace

grpc::Status CatalogService::add(const Caller& caller, const v1::AddTasksRequest& request,
                                 v1::AddTasksResponse& response) {
  if (request.tasks_size() > kMaxTasksAtOnce)
    return {StatusCode::INVALID_ARGUMENT, fmt::format("at most {} tasks a message", kMaxTasksAtOnce)};
  const auto job = farm_.store.job(request.job_id());
  if (!job) return {StatusCode::NOT_FOUND, fmt::format("there is no job {}", request.job_id())};
  if (!may_steer(caller, job->header.submitted_by))
    return {StatusCode::PERMISSION_DENIED,
            fmt::format("job {} is another's: only who has submitted it, or an operator, adds to it", job->id)};
  std::vector<TaskSpec> tasks;
  tasks.reserve(static_cast<std::size_t>(request.tasks_size()));
  for (const v1::TaskSpec& spec : request.tasks()) {
    const std::int64_t position = request.first_position() + std::ssize(tasks);
    tasks.push_back(task_spec_of(spec, job->header.kind == "master", position));
    for (const std::string& input : inputs_of(spec)) {
      if (lies_below(input, farm_.roots)) continue;
      return {StatusCode::PERMISSION_DENIED,
              fmt::format("task {}: {} lies outside of the folders this farm works on (--root)", position,
                          storable_text(input))};
    }
  }
  const AddResult added = farm_.store.add_tasks(request.job_id(), request.first_position(), tasks);
  response.set_task_count(added.tasks);
  switch (added.outcome) {
    case AddOutcome::kAdded:
      return Status::OK;
    case AddOutcome::kGap:
      return {StatusCode::FAILED_PRECONDITION,
              fmt::format("the job has {} tracks, and these begin at {}", added.tasks, request.first_position())};
    case AddOutcome::kConflict:
      return {StatusCode::ALREADY_EXISTS, "another track stands there: " + added.difference};
    case AddOutcome::kNotAccepting:
      return {StatusCode::FAILED_PRECONDITION, fmt::format("job {} takes no more tracks", request.job_id())};
    case AddOutcome::kUnknown:
      break;
  }
  return {StatusCode::NOT_FOUND, fmt::format("there is no job {}", request.job_id())};
}

// Reads a piece, stores it on the executor's threads, reads the next: one message in memory at a time.
class CatalogService::Adding final : public grpc::ServerReadReactor<v1::AddTasksRequest> {
 public:
  Adding(CatalogService& service, grpc::CallbackServerContext& context, v1::AddTasksResponse& response)
      : service_(service), response_(response) {
    const CallKind kind{"AddTasks", Role::kSubmitter};
    if (const Status status = service_.farm_.gate.admit(context, kind, caller_); !status.ok()) {
      Finish(status);
    } else {
      StartRead(&request_);
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(status_);
    const bool has_room = service_.farm_.gate.try_post([this] {
      try {
        status_ = service_.add(caller_, request_, response_);
      } catch (const std::exception& error) {
        status_ = status_of(error);
      }
      if (!status_.ok()) return Finish(status_);
      StartRead(&request_);
    });
    if (!has_room) Finish({StatusCode::RESOURCE_EXHAUSTED, "too many calls at once; try again in a moment"});
  }
  void OnDone() override { delete this; }

 private:
  CatalogService& service_;
  v1::AddTasksResponse& response_;
  Caller caller_;
  v1::AddTasksRequest request_;
  Status status_;
};

grpc::ServerReadReactor<v1::AddTasksRequest>* CatalogService::AddTasks(Context* context,
                                                                       v1::AddTasksResponse* response) {
  return std::make_unique<Adding>(*this, *context, *response).release();  // until OnDone
}

grpc::ServerUnaryReactor* CatalogService::ListTasks(Context* context, const v1::ListTasksRequest* request,
                                                    v1::ListTasksResponse* response) {
  return farm_.gate.answer(context, {"ListTasks", Role::kViewer}, "", [=, this](const Caller&) {
    if (!farm_.store.job(request->job_id()))
      return Status(StatusCode::NOT_FOUND, fmt::format("there is no job {}", request->job_id()));
    TaskFilter filter;
    for (const int state : request->states()) filter.states.push_back(task_state_of(static_cast<v1::TaskState>(state)));
    keep_once(filter.states);
    const int size = page_size(request->page_size(), 100);
    std::int64_t after = page_position(request->page_token(), -1);
    std::size_t bytes = 0;
    for (;;) {
      const int wanted = std::min(size - response->tasks_size(), kTasksReadAtOnce);
      const auto tasks = farm_.store.tasks(request->job_id(), filter, after, wanted);
      for (const TaskRecord& task : tasks) {
        fill(*response->add_tasks(), task, request->with_results());
        bytes += response->tasks(response->tasks_size() - 1).ByteSizeLong();
        if (bytes > kMaxPageBytes && response->tasks_size() > 1) {
          response->mutable_tasks()->RemoveLast();
          response->set_next_page_token(page_token(after));
          return Status::OK;
        }
        after = task.position;
      }
      if (std::ssize(tasks) < wanted) return Status::OK;
      if (response->tasks_size() < size) continue;
      response->set_next_page_token(page_token(after));
      return Status::OK;
    }
  });
}

grpc::ServerUnaryReactor* CatalogService::GetTask(Context* context, const v1::GetTaskRequest* request,
                                                  v1::GetTaskResponse* response) {
  return farm_.gate.answer(context, {"GetTask", Role::kViewer}, "", [=, this](const Caller&) {
    const auto task = farm_.store.task(request->task_id());
    if (!task) return no_such_task(request->task_id());
    fill(*response->mutable_task(), *task, true);
    for (const AttemptRecord& attempt : farm_.store.attempts(task->id)) fill(*response->add_attempts(), attempt);
    return Status::OK;
  });
}

grpc::ServerUnaryReactor* CatalogService::ExplainTask(Context* context, const v1::ExplainTaskRequest* request,
                                                      v1::ExplainTaskResponse* response) {
  return farm_.gate.answer(context, {"ExplainTask", Role::kViewer}, "", [=, this](const Caller&) {
    const auto task = farm_.store.task(request->task_id());
    if (!task) return no_such_task(request->task_id());
    fill(*response->mutable_task(), *task, false);
    const auto attempts = farm_.store.attempts(task->id);
    for (const AttemptRecord& attempt : attempts) fill(*response->add_attempts(), attempt);
    for (std::string& sentence : explain(farm_.store, *task, attempts)) response->add_sentences(std::move(sentence));
    return Status::OK;
  });
}

grpc::ServerUnaryReactor* CatalogService::GetTaskLog(Context* context, const v1::GetTaskLogRequest* request,
                                                     v1::GetTaskLogResponse* response) {
  return farm_.gate.answer(context, {"GetTaskLog", Role::kViewer}, "", [=, this](const Caller&) {
    if (!farm_.store.task(request->task_id())) return no_such_task(request->task_id());
    for (const LogLine& line : farm_.store.log(request->task_id())) {
      v1::GetTaskLogResponse::Line& message = *response->add_lines();
      message.set_token(line.token);
      message.set_at_ms(line.at_ms);
      message.set_text(line.text);
    }
    return Status::OK;
  });
}

}  // namespace lathe::scheduler
