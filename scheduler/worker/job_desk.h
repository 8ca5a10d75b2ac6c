// What an executor knows of the jobs whose tracks it works on: recipes read once, auditors kept.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "host/audit/file_auditor.h"
#include "lathe/v1/executor.pb.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {

class JobDesk {
 public:
  explicit JobDesk(v1::ExecutorSetting setting) : setting_(std::move(setting)) {}

  // Throws BackendAbsent.
  void choose_backend();
  const BackendChoice& backend() const { return backend_; }

  // The last few jobs are kept. Throws RecipeErrors.
  const MasterJob& master_job(std::int64_t job_id, const v1::MasterSetting& setting);

  // Measures the file of an audit's task. What is wrong with the file is in the result. Throws AuditCancelled.
  v1::CommitResultRequest audit(const v1::StartTask& task, const TaskListener& listener,
                                const std::atomic<bool>& is_cancelled);

 private:
  struct Known {
    std::string recipe_text;
    std::unique_ptr<RecipeSource> recipe;
    MasterJob job;
  };

  const v1::ExecutorSetting setting_;
  BackendChoice backend_;
  std::map<std::int64_t, Known> jobs_;
  FileAuditor auditor_;
};

v1::FailureClass failure_class_message(FailureClass failure_class);

}  // namespace lathe::scheduler
