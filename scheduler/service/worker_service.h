// WorkerService: see proto/lathe/v1/worker.proto. Included by farm_server.cpp only.
#pragma once

#include "lathe/v1/worker.grpc.pb.h"
#include "scheduler/service/acquire_desk.h"
#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class WorkerService final : public v1::WorkerService::CallbackService {
 public:
  explicit WorkerService(FarmContext& farm) : farm_(farm), desk_(farm) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* Register(Context*, const v1::RegisterRequest*, v1::RegisterResponse*) override;
  Reactor* AcquireTasks(Context*, const v1::AcquireTasksRequest*, v1::AcquireTasksResponse*) override;
  Reactor* Heartbeat(Context*, const v1::HeartbeatRequest*, v1::HeartbeatResponse*) override;
  Reactor* Recall(Context*, const v1::RecallRequest*, v1::RecallResponse*) override;
  Reactor* AnnounceOutputs(Context*, const v1::AnnounceOutputsRequest*, v1::AnnounceOutputsResponse*) override;
  Reactor* CommitResult(Context*, const v1::CommitResultRequest*, v1::CommitResultResponse*) override;
  Reactor* FailAttempt(Context*, const v1::FailAttemptRequest*, v1::FailAttemptResponse*) override;
  Reactor* ReleaseTasks(Context*, const v1::ReleaseTasksRequest*, v1::ReleaseTasksResponse*) override;
  Reactor* AppendLog(Context*, const v1::AppendLogRequest*, v1::AppendLogResponse*) override;

  void stop() { desk_.stop(); }

 private:
  grpc::Status fill_grants(const std::vector<Lease>& leases, v1::AcquireTasksResponse& response);
  void give_back(const std::vector<Lease>& leases);
  void keep_memory(const v1::CommitResultRequest& request);

  FarmContext& farm_;
  AcquireDesk desk_;
};

}  // namespace lathe::scheduler
