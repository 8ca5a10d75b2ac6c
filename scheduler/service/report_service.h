// ReportService: see proto/lathe/v1/report.proto. Included by farm_server.cpp only.
#pragma once

#include "lathe/v1/report.grpc.pb.h"
#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class ReportService final : public v1::ReportService::CallbackService {
 public:
  explicit ReportService(FarmContext& farm) : farm_(farm) {}

  grpc::ServerWriteReactor<v1::StreamReportResponse>* StreamReport(grpc::CallbackServerContext* context,
                                                                   const v1::StreamReportRequest* request) override;

 private:
  class Stream;
  FarmContext& farm_;
};

}  // namespace lathe::scheduler
