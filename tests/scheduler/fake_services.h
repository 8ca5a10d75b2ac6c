// What the fake farm's services share: how a call is let in, and how its job or task is found.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>

#include <chrono>
#include <memory>
#include <thread>

#include "tests/scheduler/fake_farm.h"

namespace lathe::test {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

inline bool is_over(v1::JobState state) { return state >= v1::JOB_STATE_SUCCEEDED; }

inline Status no_job() { return {StatusCode::NOT_FOUND, "there is no such job"}; }

struct FakeServices {
  explicit FakeServices(FakeFarm& of) : farm(of) {}

  // How a call goes before the model is asked.
  Status enter(ServerContext& context, const std::string& method) {
    {
      const std::lock_guard lock(farm.mutex_);
      ++farm.calls_[method];
      const auto header = context.client_metadata().find("authorization");
      if (!farm.token.empty() &&
          (header == context.client_metadata().end() || header->second != "Bearer " + farm.token))
        return {StatusCode::UNAUTHENTICATED, "this token is not known"};
      const auto refusal = farm.refusals.find(method);
      if (refusal != farm.refusals.end() && refusal->second.times-- > 0)
        return {static_cast<StatusCode>(refusal->second.code), refusal->second.message};
    }
    while (farm.is_silent && !context.IsCancelled() && !farm.is_stopping_)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return farm.is_stopping_ ? Status(StatusCode::UNAVAILABLE, "going away") : Status::OK;
  }

  FakeJob* find(std::int64_t job_id) {
    if (job_id == 0) return farm.jobs_.empty() ? nullptr : &farm.jobs_.back();
    return job_id > 0 && job_id <= static_cast<std::int64_t>(farm.jobs_.size())
               ? &farm.jobs_[static_cast<std::size_t>(job_id - 1)]
               : nullptr;
  }

  v1::Task* find_task(std::int64_t task_id) {
    for (FakeJob& job : farm.jobs_) {
      for (v1::Task& task : job.tasks) {
        if (task.task_id() == task_id) return &task;
      }
    }
    return nullptr;
  }

  // A call on one job: `body` gives the status.
  template <class Request, class Body>
  Status on_job(ServerContext* context, const std::string& method, const Request* request, Body body) {
    if (const Status status = enter(*context, method); !status.ok()) return status;
    const std::lock_guard lock(farm.mutex_);
    FakeJob* job = find(request->job_id());
    return job == nullptr ? no_job() : body(*job);
  }

  FakeFarm& farm;
};

std::unique_ptr<grpc::Service> make_fake_jobs(FakeFarm& farm);
std::unique_ptr<grpc::Service> make_fake_catalog(FakeFarm& farm);
std::unique_ptr<grpc::Service> make_fake_fleet(FakeFarm& farm);
std::unique_ptr<grpc::Service> make_fake_reports(FakeFarm& farm);

}  // namespace lathe::test
