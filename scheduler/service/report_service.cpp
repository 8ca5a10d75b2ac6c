#include "scheduler/service/report_service.h"

#include <climits>

#include "scheduler/service/job_service.h"
#include "scheduler/service/record_messages.h"

namespace lathe::scheduler {
namespace {

using grpc::Status, grpc::StatusCode;

constexpr int kTasksAtOnce = 100;
constexpr std::size_t kMaxBytes = 2 << 20;

}  // namespace

// Reads a page on the executor's threads when the page before is on its way: two pages in memory at most.
class ReportService::Stream final : public grpc::ServerWriteReactor<v1::StreamReportResponse> {
 public:
  Stream(FarmContext& farm, grpc::CallbackServerContext& context, const v1::StreamReportRequest& request)
      : farm_(farm), after_(request.has_after_position() ? request.after_position() : -1) {
    Caller caller;
    if (const Status status = farm_.gate.admit(context, {"StreamReport", Role::kViewer}, caller); !status.ok()) {
      Finish(status);
      return;
    }
    post([this, job = request.job_id()] { begin(job); });
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(Status::CANCELLED);
    post([this] { next(); });
  }
  void OnDone() override { delete this; }

 private:
  void post(std::function<void()> step) {
    const bool has_room = farm_.gate.try_post([this, step = std::move(step)] {
      try {
        step();
      } catch (const std::exception& error) {
        Finish(status_of(error));
      }
    });
    if (!has_room) Finish({StatusCode::RESOURCE_EXHAUSTED, "too many calls at once; try again in a moment"});
  }

  void begin(JobId id) {
    if (id == 0) {
      const auto newest = farm_.store.jobs({}, INT64_MAX, 1);
      if (!newest.empty()) id = newest.front().id;
    }
    const auto job = farm_.store.job(id);
    if (!job) return Finish({StatusCode::NOT_FOUND, "there is no such job"});
    job_ = id;
    fill_job(*message_.mutable_job(), farm_.store, *job, true);
    StartWrite(&message_);
  }

  void next() {
    message_.Clear();
    std::size_t bytes = 0;
    for (const TaskRecord& task : farm_.store.tasks(job_, {}, after_, kTasksAtOnce)) {
      if (bytes > 0 && bytes + task.result_json.size() > kMaxBytes) break;
      bytes += task.result_json.size() + 1;
      after_ = task.position;
      fill(*message_.add_tasks(), task, true);
    }
    if (message_.tasks_size() == 0) return Finish(Status::OK);
    StartWrite(&message_);
  }

  FarmContext& farm_;
  JobId job_ = 0;
  std::int64_t after_;
  v1::StreamReportResponse message_;
};

grpc::ServerWriteReactor<v1::StreamReportResponse>* ReportService::StreamReport(
    grpc::CallbackServerContext* context, const v1::StreamReportRequest* request) {
  return std::make_unique<Stream>(farm_, *context, *request).release();  // until OnDone
}

}  // namespace lathe::scheduler
