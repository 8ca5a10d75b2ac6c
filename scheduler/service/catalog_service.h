// CatalogService: see proto/lathe/v1/catalog.proto. Included by farm_server.cpp only.
#pragma once

#include "lathe/v1/catalog.grpc.pb.h"
#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class CatalogService final : public v1::CatalogService::CallbackService {
 public:
  explicit CatalogService(FarmContext& farm) : farm_(farm) {}

  using Context = grpc::CallbackServerContext;
  grpc::ServerReadReactor<v1::AddTasksRequest>* AddTasks(Context*, v1::AddTasksResponse*) override;
  grpc::ServerUnaryReactor* ListTasks(Context*, const v1::ListTasksRequest*, v1::ListTasksResponse*) override;
  grpc::ServerUnaryReactor* GetTask(Context*, const v1::GetTaskRequest*, v1::GetTaskResponse*) override;
  grpc::ServerUnaryReactor* ExplainTask(Context*, const v1::ExplainTaskRequest*, v1::ExplainTaskResponse*) override;
  grpc::ServerUnaryReactor* GetTaskLog(Context*, const v1::GetTaskLogRequest*, v1::GetTaskLogResponse*) override;

 private:
  class Adding;
  grpc::Status add(const Caller& caller, const v1::AddTasksRequest& request, v1::AddTasksResponse& response);

  FarmContext& farm_;
};

}  // namespace lathe::scheduler
