#include "scheduler/worker/job_desk.h"

#include <fmt/format.h>

#include <chrono>

#include "host/audio_file/staged_file.h"
#include "host/audit/delivery_profile.h"
#include "host/audit/identifiers.h"
#include "host/audit/verdict.h"
#include "host/report/audit_file_json.h"

namespace lathe::scheduler {
namespace {

constexpr std::size_t kJobsKept = 16;

AuditOptions audit_options_of(const v1::AuditSetting& setting) {
  AuditOptions options;
  options.checks = setting.checks() == "none"  ? AuditChecks::none
                   : setting.checks() == "all" ? AuditChecks::all
                                               : AuditChecks::standard;
  options.dual_mono = setting.dual_mono();
  options.series = setting.series();
  return options;
}

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
  known.job.roots.assign(setting_.roots().begin(), setting_.roots().end());
  if (setting_.gpu_is_lost()) known.job.note = "the GPU was lost during this run: computed on the CPU";
  remove_abandoned(known.job.out_dir);
  return jobs_.insert_or_assign(job_id, std::move(known)).first->second.job;
}

v1::CommitResultRequest JobDesk::audit(const v1::StartTask& task, const TaskListener& listener,
                                       const std::atomic<bool>& is_cancelled) {
  const auto began = std::chrono::steady_clock::now();
  if (listener.say) listener.say(fmt::format("began to measure on {}, {}", listener.worker, engine_name()));
  const AuditOptions options = audit_options_of(task.job().audit());
  FileAudit file = auditor_.audit(task.spec().input(), options, is_cancelled);
  if (options.checks != AuditChecks::none && file.state != AuditState::unreadable) {
    for (AuditFinding& finding : check_identifiers(file.tags)) file.findings.push_back(std::move(finding));
  }
  for (const std::string& name : task.job().audit().profiles()) {
    if (const DeliveryProfile* profile = find_shipped_profile(name)) file.profiles.push_back(judge(*profile, file));
  }
  if (listener.say) {
    const double wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    listener.say(file.state == AuditState::unreadable
                     ? "unreadable: " + file.reason
                     : fmt::format("measured in {:.3f} s: {} finding(s)", wall_s, file.findings.size()));
  }
  v1::CommitResultRequest result;
  result.set_state(v1::TASK_STATE_DONE);
  result.set_result_json(audit_file_json(file));
  return result;
}

v1::FailureClass failure_class_message(FailureClass failure_class) {
  v1::FailureClass message = v1::FAILURE_CLASS_UNSPECIFIED;
  v1::FailureClass_Parse("FAILURE_CLASS_" + std::string(to_string(failure_class)), &message);
  return message;
}

}  // namespace lathe::scheduler
