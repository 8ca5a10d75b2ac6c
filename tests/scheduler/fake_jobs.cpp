#include <algorithm>

#include "lathe/v1/job.grpc.pb.h"
#include "tests/scheduler/fake_services.h"

namespace lathe::test {
namespace {

using namespace std::chrono_literals;

void set_state(FakeJob& job, v1::JobState state) {
  job.job.set_state(state);
  ++job.sequence;
}

class Jobs final : public v1::JobService::Service, FakeServices {
 public:
  using FakeServices::FakeServices;

  Status CreateJob(ServerContext* context, const v1::CreateJobRequest* request,
                   v1::CreateJobResponse* response) override {
    if (const Status status = enter(*context, "CreateJob"); !status.ok()) return status;
    return create(*request, *response);
  }
  Status SealJob(ServerContext* context, const v1::SealJobRequest* request, v1::SealJobResponse* response) override;
  Status GetJob(ServerContext* context, const v1::GetJobRequest* request, v1::GetJobResponse* response) override {
    return on_job(context, "GetJob", request, [&](FakeJob& job) { return give(job, *response); });
  }
  Status ListJobs(ServerContext* context, const v1::ListJobsRequest* request, v1::ListJobsResponse* response) override;
  Status CancelJob(ServerContext* context, const v1::CancelJobRequest* request,
                   v1::CancelJobResponse* response) override {
    return on_job(context, "CancelJob", request, [&](FakeJob& job) {
      if (is_over(job.job.state())) return Status(StatusCode::FAILED_PRECONDITION, "the job has ended before");
      set_state(job, v1::JOB_STATE_CANCELLED);
      return give(job, *response);
    });
  }
  Status PauseJob(ServerContext* context, const v1::PauseJobRequest* request, v1::PauseJobResponse* response) override {
    return on_job(context, "PauseJob", request, [&](FakeJob& job) {
      if (job.job.state() != v1::JOB_STATE_RUNNING)
        return Status(StatusCode::FAILED_PRECONDITION, "the job does not run");
      set_state(job, v1::JOB_STATE_PAUSED);
      return give(job, *response);
    });
  }
  Status ResumeJob(ServerContext* context, const v1::ResumeJobRequest* request,
                   v1::ResumeJobResponse* response) override {
    return on_job(context, "ResumeJob", request, [&](FakeJob& job) {
      if (job.job.state() != v1::JOB_STATE_PAUSED)
        return Status(StatusCode::FAILED_PRECONDITION, "the job is not paused");
      set_state(job, v1::JOB_STATE_RUNNING);
      return give(job, *response);
    });
  }
  Status UpdateJob(ServerContext* context, const v1::UpdateJobRequest* request,
                   v1::UpdateJobResponse* response) override {
    return on_job(context, "UpdateJob", request, [&](FakeJob& job) {
      if (request->has_priority()) job.job.mutable_spec()->set_priority(request->priority());
      return give(job, *response);
    });
  }
  Status RetryJob(ServerContext* context, const v1::RetryJobRequest* request, v1::RetryJobResponse* response) override {
    return on_job(context, "RetryJob", request, [&](FakeJob& job) {
      response->set_retried(job.job.counts().failed());
      set_state(job, v1::JOB_STATE_RUNNING);
      return give(job, *response);
    });
  }
  Status WatchJob(ServerContext* context, const v1::WatchJobRequest* request,
                  grpc::ServerWriter<v1::WatchJobResponse>* writer) override;

 private:
  template <class Response>
  static Status give(const FakeJob& job, Response& response) {
    *response.mutable_job() = job.job;
    return Status::OK;
  }
  Status create(const v1::CreateJobRequest& request, v1::CreateJobResponse& response);
};

Status Jobs::create(const v1::CreateJobRequest& request, v1::CreateJobResponse& response) {
  const std::lock_guard lock(farm.mutex_);
  for (const std::string& warning : farm.warnings) response.add_warnings(warning);
  for (const FakeJob& job : farm.jobs_) {
    if (job.request_id != request.request_id()) continue;
    response.set_existed(true);
    return give(job, response);
  }
  FakeJob job;
  job.request_id = request.request_id();
  *job.job.mutable_spec() = request.spec();
  job.job.set_kind(request.spec().has_audit() ? v1::JOB_KIND_AUDIT : v1::JOB_KIND_MASTER);
  job.job.set_state(v1::JOB_STATE_ACCEPTING);
  job.job.set_created_ms(1'700'000'000'000);
  job.job.set_recipe_sha256("5ha");
  if (request.validate_only()) return give(job, response);
  job.job.set_job_id(static_cast<std::int64_t>(farm.jobs_.size()) + 1);
  farm.jobs_.push_back(job);
  return give(job, response);
}

Status Jobs::SealJob(ServerContext* context, const v1::SealJobRequest* request, v1::SealJobResponse* response) {
  const Status status = on_job(context, "SealJob", request, [&](FakeJob& job) {
    if (request->task_count() != job.job.task_count())
      return Status(StatusCode::FAILED_PRECONDITION, "the job has another number of tracks");
    if (job.job.state() == v1::JOB_STATE_ACCEPTING) set_state(job, v1::JOB_STATE_RUNNING);
    return give(job, *response);
  });
  if (status.ok() && farm.on_sealed) farm.on_sealed(request->job_id());
  return status;
}

Status Jobs::ListJobs(ServerContext* context, const v1::ListJobsRequest* request, v1::ListJobsResponse* response) {
  if (const Status status = enter(*context, "ListJobs"); !status.ok()) return status;
  const std::lock_guard lock(farm.mutex_);
  std::size_t left = request->page_token().empty() ? farm.jobs_.size() : std::stoul(request->page_token());
  const int size = request->page_size() == 0 ? 50 : request->page_size();
  for (; left > 0 && response->jobs_size() < size; --left) {
    const v1::Job& job = farm.jobs_[left - 1].job;
    const auto& states = request->states();
    if (states.empty() || std::find(states.begin(), states.end(), job.state()) != states.end())
      *response->add_jobs() = job;
  }
  if (left > 0) response->set_next_page_token(std::to_string(left));
  return Status::OK;
}

Status Jobs::WatchJob(ServerContext* context, const v1::WatchJobRequest* request,
                      grpc::ServerWriter<v1::WatchJobResponse>* writer) {
  if (const Status status = enter(*context, "WatchJob"); !status.ok()) return status;
  std::int64_t after = -1;
  for (int sent = 0; !context->IsCancelled() && !farm.is_stopping_;) {
    v1::WatchJobResponse message;
    {
      const std::lock_guard lock(farm.mutex_);
      FakeJob* job = find(request->job_id());
      if (job == nullptr) return no_job();
      if (after < 0) after = request->after_sequence() == 0 ? job->sequence : request->after_sequence();
      const bool is_first = sent == 0;
      if (is_first || job->sequence > after) {
        message.set_sequence(job->sequence);
        *message.mutable_job() = job->job;
        for (std::size_t i = 0; i < job->ended.size(); ++i) {
          if (job->ended_at[i] > after) *message.add_ended() = job->ended[i];
        }
        after = job->sequence;
      }
    }
    if (message.sequence() == 0) {
      std::this_thread::sleep_for(2ms);
      continue;
    }
    if (!writer->Write(message)) break;
    if (is_over(message.job().state())) return Status::OK;
    if (++sent == farm.messages_until_break) return {StatusCode::UNAVAILABLE, "broke off"};
  }
  return {StatusCode::UNAVAILABLE, "going away"};
}

}  // namespace

std::unique_ptr<grpc::Service> make_fake_jobs(FakeFarm& farm) { return std::make_unique<Jobs>(farm); }

}  // namespace lathe::test
