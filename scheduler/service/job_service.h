// JobService: see proto/lathe/v1/job.proto. Included by farm_server.cpp only.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "lathe/v1/job.grpc.pb.h"
#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

// What people see of a job: its record, its counts and when it will end.
void fill_job(v1::Job& message, JobStore& store, const JobRecord& job, bool with_recipe);

class WatchDesk;

class JobService final : public v1::JobService::CallbackService {
 public:
  explicit JobService(FarmContext& farm);
  ~JobService() override;

  using Context = grpc::CallbackServerContext;
  grpc::ServerUnaryReactor* CreateJob(Context*, const v1::CreateJobRequest*, v1::CreateJobResponse*) override;
  grpc::ServerUnaryReactor* SealJob(Context*, const v1::SealJobRequest*, v1::SealJobResponse*) override;
  grpc::ServerUnaryReactor* GetJob(Context*, const v1::GetJobRequest*, v1::GetJobResponse*) override;
  grpc::ServerUnaryReactor* ListJobs(Context*, const v1::ListJobsRequest*, v1::ListJobsResponse*) override;
  grpc::ServerUnaryReactor* CancelJob(Context*, const v1::CancelJobRequest*, v1::CancelJobResponse*) override;
  grpc::ServerUnaryReactor* PauseJob(Context*, const v1::PauseJobRequest*, v1::PauseJobResponse*) override;
  grpc::ServerUnaryReactor* ResumeJob(Context*, const v1::ResumeJobRequest*, v1::ResumeJobResponse*) override;
  grpc::ServerUnaryReactor* UpdateJob(Context*, const v1::UpdateJobRequest*, v1::UpdateJobResponse*) override;
  grpc::ServerUnaryReactor* RetryJob(Context*, const v1::RetryJobRequest*, v1::RetryJobResponse*) override;
  grpc::ServerWriteReactor<v1::WatchJobResponse>* WatchJob(Context*, const v1::WatchJobRequest*) override;

  // Ends all watches: the server is going away.
  void stop();

 private:
  grpc::Status create(const v1::CreateJobRequest& request, v1::CreateJobResponse& response, const Caller& caller);
  std::vector<std::string> deadline_warnings(const JobHeader& header, double cost_s);

  FarmContext& farm_;
  std::unique_ptr<WatchDesk> watches_;
};

}  // namespace lathe::scheduler
