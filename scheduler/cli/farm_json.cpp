#include "scheduler/cli/farm_json.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/report/track_json.h"

namespace lathe::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string without(std::string_view prefix, const std::string& name) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

// Times that are not there yet are null.
Json time_json(std::int64_t at_ms) { return at_ms == 0 ? Json(nullptr) : Json(at_ms); }

Json progress_json(const v1::TaskProgress& progress) {
  return {
      {"task_id", progress.lease().task_id()}, {"share", json_number(progress.share())}, {"stage", progress.stage()}};
}

}  // namespace

std::string word(v1::JobState state) { return without("JOB_STATE_", v1::JobState_Name(state)); }
std::string word(v1::JobKind kind) { return without("JOB_KIND_", v1::JobKind_Name(kind)); }
std::string word(v1::TaskState state) { return without("TASK_STATE_", v1::TaskState_Name(state)); }
std::string word(v1::WorkerState state) { return without("WORKER_STATE_", v1::WorkerState_Name(state)); }
std::string word(v1::FailureClass failure_class) {
  return without("FAILURE_CLASS_", v1::FailureClass_Name(failure_class));
}
std::string word(v1::AttemptOutcome outcome) { return without("ATTEMPT_OUTCOME_", v1::AttemptOutcome_Name(outcome)); }

std::int64_t ended_count(const v1::TaskCounts& counts) {
  return counts.done() + counts.unchanged() + counts.failed() + counts.quarantined() + counts.cancelled();
}

double share_done(const v1::Job& job) {
  const v1::TaskCounts& counts = job.counts();
  const double cost = counts.cost_ended_s() + counts.cost_unfinished_s();
  if (cost > 0) return counts.cost_ended_s() / cost;
  return job.task_count() > 0 ? static_cast<double>(ended_count(counts)) / static_cast<double>(job.task_count()) : 0.0;
}

Json job_json(const v1::Job& job) {
  const v1::JobSpec& spec = job.spec();
  const v1::TaskCounts& counts = job.counts();
  Json json{{"job_id", job.job_id()},
            {"name", spec.name()},
            {"kind", word(job.kind())},
            {"state", word(job.state())},
            {"space", spec.space()},
            {"priority", spec.priority()},
            {"submitted_by", job.submitted_by()},
            {"tasks", job.task_count()},
            {"counts",
             {{"pending", counts.pending()},
              {"leased", counts.leased()},
              {"retrying", counts.retrying()},
              {"done", counts.done()},
              {"unchanged", counts.unchanged()},
              {"failed", counts.failed()},
              {"quarantined", counts.quarantined()},
              {"cancelled", counts.cancelled()}}},
            {"share_done", json_number(share_done(job))},
            {"cost_ended_s", json_number(counts.cost_ended_s())},
            {"cost_unfinished_s", json_number(counts.cost_unfinished_s())},
            {"created_ms", time_json(job.created_ms())},
            {"finished_ms", time_json(job.finished_ms())},
            {"finish_by_ms", time_json(spec.finish_by_ms())},
            {"expected_end_ms", time_json(job.expected_end_ms())}};
  if (spec.has_master()) {
    json["out_dir"] = json_text(spec.master().out_dir());
    json["recipe_sha256"] = job.recipe_sha256();
  }
  if (spec.has_audit()) {
    json["profiles"] = Json::array();
    for (const std::string& profile : spec.audit().profiles()) json["profiles"].push_back(profile);
  }
  return json;
}

Json task_json(const v1::Task& task) {
  Json json{{"task_id", task.task_id()},
            {"job_id", task.job_id()},
            {"position", task.position()},
            {"input", json_text(task.spec().input())},
            {"album", json_text(task.spec().album())},
            {"state", word(task.state())},
            {"reason_code", task.reason_code()},
            {"reason", task.message()},
            {"attempts", task.attempts()},
            {"worker_id", task.worker_id()},
            {"lease_expires_ms", time_json(task.lease_expires_ms())},
            {"not_before_ms", time_json(task.not_before_ms())},
            {"runs_alone", task.runs_alone()},
            {"predicted_cost_s", json_number(task.spec().predicted_cost_s())},
            {"changed_ms", time_json(task.changed_ms())}};
  if (task.spec().members().empty()) return json;
  json["inputs"] = Json::array();
  for (const v1::TaskSpec::Member& member : task.spec().members()) json["inputs"].push_back(json_text(member.input()));
  return json;
}

Json attempt_json(const v1::Attempt& attempt) {
  const bool has_failed = attempt.failure_class() != v1::FAILURE_CLASS_UNSPECIFIED;
  return {{"token", attempt.token()},
          {"worker_id", attempt.worker_id()},
          {"started_ms", time_json(attempt.started_ms())},
          {"ended_ms", time_json(attempt.ended_ms())},
          {"outcome", word(attempt.outcome())},
          {"failure_class", has_failed ? Json(word(attempt.failure_class())) : Json(nullptr)},
          {"reason_code", attempt.reason_code()},
          {"reason", attempt.message()}};
}

Json worker_json(const v1::Worker& worker) {
  const v1::WorkerSpec& spec = worker.spec();
  const v1::WorkerLoad& load = worker.load();
  Json json{{"worker_id", spec.worker_id()},
            {"name", spec.name()},
            {"state", word(worker.state())},
            {"reason", worker.reason()},
            {"host", spec.host()},
            {"engine", spec.engine()},
            {"version", spec.version()},
            {"slots", spec.slots()},
            {"processors", spec.processors()},
            {"memory_bytes", spec.memory_bytes()},
            {"gpu", spec.gpu()},
            {"registered_ms", time_json(worker.registered_ms())},
            {"seen_ms", time_json(worker.seen_ms())},
            {"leases", worker.leases()},
            {"committed", worker.committed()},
            {"failed", worker.failed()},
            {"failure_streak", worker.failure_streak()},
            {"load",
             {{"wall_s", json_number(load.wall_s())},
              {"audio_s", json_number(load.audio_s())},
              {"decode", json_number(load.decode_s())},
              {"kernels", json_number(load.kernels_s())},
              {"limiter", json_number(load.limiter_s())},
              {"encode", json_number(load.encode_s())},
              {"io", json_number(load.io_s())}}}};
  json["in_work"] = Json::array();
  for (const v1::TaskProgress& progress : worker.progress()) json["in_work"].push_back(progress_json(progress));
  return json;
}

Json watch_json(const v1::WatchJobResponse& message) {
  Json json{{"sequence", message.sequence()}, {"job", job_json(message.job())}};
  json["ended"] = Json::array();
  for (const auto& end : message.ended()) {
    json["ended"].push_back({{"task_id", end.task_id()},
                             {"position", end.position()},
                             {"input", json_text(end.input())},
                             {"state", word(end.state())},
                             {"reason_code", end.reason_code()},
                             {"reason", end.message()}});
  }
  json["in_work"] = Json::array();
  for (const auto& work : message.in_work()) {
    json["in_work"].push_back({{"worker", work.worker()},
                               {"input", json_text(work.input())},
                               {"share", json_number(work.share())},
                               {"stage", work.stage()}});
  }
  return json;
}

Json document(std::string_view schema, const Json& body) {
  Json doc{{"schema", schema}};
  doc.update(body);
  return doc;
}

bool print_json(const Json& doc, int indent) {
  std::printf("%s\n", doc.dump(indent, ' ', false, Json::error_handler_t::replace).c_str());
  return std::fflush(stdout) == 0;
}

}  // namespace lathe::cli
