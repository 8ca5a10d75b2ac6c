// FleetService: see proto/lathe/v1/fleet.proto. Included by farm_server.cpp only.
#pragma once

#include "lathe/v1/fleet.grpc.pb.h"
#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class FleetService final : public v1::FleetService::CallbackService {
 public:
  explicit FleetService(FarmContext& farm) : farm_(farm) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* ListWorkers(Context*, const v1::ListWorkersRequest*, v1::ListWorkersResponse*) override;
  Reactor* DrainWorker(Context*, const v1::DrainWorkerRequest*, v1::DrainWorkerResponse*) override;
  Reactor* RestoreWorker(Context*, const v1::RestoreWorkerRequest*, v1::RestoreWorkerResponse*) override;
  Reactor* ListCalls(Context*, const v1::ListCallsRequest*, v1::ListCallsResponse*) override;

 private:
  grpc::Status change(const std::string& name_or_id, WorkerState state, const std::string& reason, v1::Worker& message);

  FarmContext& farm_;
};

}  // namespace lathe::scheduler
