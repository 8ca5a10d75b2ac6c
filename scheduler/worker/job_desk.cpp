#include "scheduler/worker/job_desk.h"

#include "host/audio_file/staged_file.h"
#include "host/audit/measurement_record.h"
#include "scheduler/worker/audit_result.h"

namespace lathe::scheduler {
namespace {

constexpr std::size_t kJobsKept = 16;

}  // namespace

void JobDesk::choose_backend() {
  backend_ = scheduler::choose_backend(setting_.gpu_is_lost() ? "cpu" : setting_.backend());
}

const MasterJob& JobDesk::master_job(std::int64_t job_id, const v1::MasterSetting& setting) {
  const auto found = jobs_.find(job_id);
  if (found != jobs_.end() && found->second.recipe_text == setting.recipe()) return found->second.job;
  if (jobs_.size() >= kJobsKept) jobs_.erase(jobs_.begin());
  Known known;
  known.recipe_text = setting.recipe();
  known.recipe = std::make_unique<RecipeSource>(RecipeSource::parse(setting.recipe(), "recipe"));
  known.job.out_dir = setting.out_dir();
  known.job.spool_dir = setting_.spool_dir();
  known.job.recipe = known.recipe.get();
  known.job.backend = backend_;
  known.job.use_cache = !setting.no_cache();
  known.job.overwrite = setting.overwrite();
  known.job.pcm_md5 = setting.pcm_md5();
  known.job.jobs = setting_.slots();
  if (setting_.gpu_is_lost()) known.job.note = "the GPU was lost during this run: computed on the CPU";
  remove_abandoned(known.job.out_dir);
  return jobs_.insert_or_assign(job_id, std::move(known)).first->second.job;
}

v1::CommitResultRequest JobDesk::audit(const v1::StartTask& task, const std::atomic<bool>& is_cancelled) {
  const AuditOptions options = audit_options_of(task.job().audit());
  const FileAudit file = auditor_.audit(task.spec().input(), options, is_cancelled);
  v1::CommitResultRequest result;
  result.set_state(v1::TASK_STATE_DONE);
  result.set_result_json(pack_audit_result(file));
  return result;
}

v1::FailureClass failure_class_message(FailureClass failure_class) {
  v1::FailureClass message = v1::FAILURE_CLASS_UNSPECIFIED;
  v1::FailureClass_Parse("FAILURE_CLASS_" + std::string(to_string(failure_class)), &message);
  return message;
}

}  // namespace lathe::scheduler
