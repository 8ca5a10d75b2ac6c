#include "scheduler/service/record_messages.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "scheduler/store/utf8.h"
#include "scheduler/worker/job_request.h"

namespace lathe::scheduler {
namespace {

constexpr std::size_t kMaxPathBytes = 4096;  // PATH_MAX
// A page of tasks is held in memory as a whole.
constexpr std::size_t kMaxTextBytes = 64 << 10;
constexpr int kMaxMembers = 4096;
constexpr std::size_t kMaxMemberBytes = 512 << 10;
constexpr std::size_t kMaxRowBytes = 16 << 10;

bool has_dot_parts(const std::string& path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part(path.data() + at, end - at);
    if (part == "." || part == "..") return true;
    at = end + 1;
  }
  return false;
}

// A number that this version does not know has no name: a newer client's, or a defect.
std::string name_without(std::string_view prefix, const std::string& name, int number) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : std::to_string(number);
}

// Each as if it were a task's only one; the first is the one that the task is named after.
void check_members(const v1::TaskSpec& spec, bool is_master, const std::function<void(const std::string&)>& refuse) {
  if (!is_master) refuse("an audit's task has one track: `members` are for masters");
  if (spec.members_size() > kMaxMembers) refuse("it has more than 4096 tracks");
  if (!spec.stems() && (spec.members(0).input() != spec.input() || spec.members(0).relative() != spec.relative()))
    refuse("its first track is not the one that it names as its input");
  std::size_t bytes = 0;
  for (const v1::TaskSpec::Member& member : spec.members()) {
    if (!is_plain_absolute(member.input()) || !is_plain_relative(member.relative()))
      refuse("a track's input or place, '" + storable_text(member.input()) + "', is no plain path");
    if (std::max(member.input().size(), member.relative().size()) > kMaxPathBytes)
      refuse("a path is longer than 4096 bytes, which no worker could open");
    if (spec.stems() && member.relative() != spec.relative()) refuse("a stem's place is not that of its mix");
    if (!is_storable_text(member.side()) || !is_storable_text(member.note())) refuse("a track's text is not UTF-8");
    if (!is_storable_text(member.role())) refuse("a stem's role is not UTF-8");
    if (!is_storable_text(member.row_json())) refuse("a track's row is not UTF-8");
    if (member.row_json().size() > kMaxRowBytes) refuse("a track's row is longer than 16 KiB");
    const bool is_part = member.end_frame() == 0 || member.end_frame() > member.first_frame();
    if (member.first_frame() < 0 || !is_part) refuse("a track ends before it begins");
    bytes += member.ByteSizeLong();
  }
  if (bytes > kMaxMemberBytes) refuse("its tracks take more than 512 KiB together");
}

v1::AttemptOutcome to_message(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::kRunning:
      return v1::ATTEMPT_OUTCOME_RUNNING;
    case AttemptOutcome::kCommitted:
      return v1::ATTEMPT_OUTCOME_COMMITTED;
    case AttemptOutcome::kFailed:
      return v1::ATTEMPT_OUTCOME_FAILED;
    case AttemptOutcome::kLost:
      return v1::ATTEMPT_OUTCOME_LOST;
    case AttemptOutcome::kReleased:
      return v1::ATTEMPT_OUTCOME_RELEASED;
    case AttemptOutcome::kCancelled:
      return v1::ATTEMPT_OUTCOME_CANCELLED;
  }
  return v1::ATTEMPT_OUTCOME_UNSPECIFIED;
}

}  // namespace

// The wire's numbers are the records' in the same order, one later: 0 is "unspecified". Names tell, so that neither can
// drift from the other.
v1::TaskState to_message(TaskState state) {
  v1::TaskState message = v1::TASK_STATE_UNSPECIFIED;
  v1::TaskState_Parse("TASK_STATE_" + std::string(to_string(state)), &message);
  return message;
}

v1::JobState to_message(JobState state) {
  v1::JobState message = v1::JOB_STATE_UNSPECIFIED;
  v1::JobState_Parse("JOB_STATE_" + std::string(to_string(state)), &message);
  return message;
}

v1::FailureClass to_message(FailureClass failure_class) {
  v1::FailureClass message = v1::FAILURE_CLASS_UNSPECIFIED;
  v1::FailureClass_Parse("FAILURE_CLASS_" + std::string(to_string(failure_class)), &message);
  return message;
}

v1::WorkerState to_message(WorkerState state) {
  switch (state) {
    case WorkerState::kActive:
      return v1::WORKER_STATE_ACTIVE;
    case WorkerState::kDraining:
      return v1::WORKER_STATE_DRAINING;
    case WorkerState::kQuarantined:
      return v1::WORKER_STATE_QUARANTINED;
    case WorkerState::kGone:
      return v1::WORKER_STATE_GONE;
  }
  return v1::WORKER_STATE_UNSPECIFIED;
}

TaskState task_state_of(v1::TaskState state) {
  return task_state_named(name_without("TASK_STATE_", v1::TaskState_Name(state), state));
}

JobState job_state_of(v1::JobState state) {
  return job_state_named(name_without("JOB_STATE_", v1::JobState_Name(state), state));
}

FailureClass failure_class_of(v1::FailureClass failure_class) {
  return failure_class_named(name_without("FAILURE_CLASS_", v1::FailureClass_Name(failure_class), failure_class));
}

bool is_cost(double seconds) { return seconds >= 0 && seconds <= kGreatestCostS; }

bool is_plain_absolute(const std::string& path) {
  return path.starts_with('/') && !has_dot_parts(path) && path.find('\0') == std::string::npos;
}

bool is_plain_relative(const std::string& path) {
  return !path.empty() && !path.starts_with('/') && !has_dot_parts(path) && path.find('\0') == std::string::npos;
}

bool lies_below(const std::string& path, const std::vector<std::string>& roots) {
  if (roots.empty()) return true;
  for (const std::string& root : roots) {
    if (root == "/" || path == root || (path.starts_with(root) && path[root.size()] == '/')) return true;
  }
  return false;
}

TaskSpec task_spec_of(const v1::TaskSpec& spec, bool is_master, std::int64_t position) {
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument("task " + std::to_string(position) + ": " + what);
  };
  if (!is_plain_absolute(spec.input())) {
    refuse("the input '" + storable_text(spec.input()) +
           "' is not an absolute path without '.' and '..' parts; name the file as the workers reach it");
  }
  if (is_master && !is_plain_relative(spec.relative())) {
    refuse("its place below the output folder, '" + storable_text(spec.relative()) +
           "', is not a relative path without '.' and '..' parts");
  }
  if (!is_cost(spec.predicted_cost_s()))
    refuse("the predicted cost is negative, not finite, or more than a thousand years");
  if (spec.memory_bytes() < 0) refuse("memory_bytes is negative");
  for (const std::string* path : {&spec.input(), &spec.relative(), &spec.album()}) {
    if (path->size() > kMaxPathBytes) refuse("a path is longer than 4096 bytes, which no worker could open");
  }
  if (!spec.members().empty()) check_members(spec, is_master, refuse);
  if (spec.stems() && spec.members().empty()) refuse("a mix without stems");
  if (!spec.mixdown().empty() &&
      (!spec.stems() || !is_plain_absolute(spec.mixdown()) || spec.mixdown().size() > kMaxPathBytes)) {
    refuse("the mixdown '" + storable_text(spec.mixdown()) +
           "' is not an absolute path without '.' and '..' parts, or there are no stems");
  }
  const std::size_t text_bytes = spec.problem().size() + spec.problem_code().size() + spec.manifest_json().size();
  if (text_bytes > kMaxTextBytes) refuse("its problem and manifest are longer than 64 KiB together");
  if (!is_storable_text(spec.problem()) || !is_storable_text(spec.problem_code()))
    refuse("the problem's text is not UTF-8");
  return task_record(spec);
}

v1::TaskSpec spec_message(const std::string& input, const std::string& album, double predicted_cost,
                          const std::string& payload_json, std::int64_t plan_rank, std::int64_t memory_bytes) {
  v1::TaskSpec spec;
  spec.set_input(input);
  spec.set_album(album);
  spec.set_predicted_cost_s(predicted_cost);
  spec.set_plan_rank(plan_rank);
  spec.set_memory_bytes(memory_bytes);
  take_payload(payload_json, spec);
  return spec;
}

v1::TaskSpec to_message(const TaskRecord& task) {
  return spec_message(task.input, task.album, task.predicted_cost, task.payload_json, task.plan_rank,
                      task.memory_bytes);
}

std::string input_of(const TaskRecord& task, const std::string& output_path) {
  const auto result = nlohmann::json::parse(task.result_json, nullptr, false);
  if (!result.is_object() || !result.contains("tracks")) return task.input;
  const v1::TaskSpec spec = to_message(task);
  const auto& tracks = result["tracks"];
  for (std::size_t i = 0; i < std::min<std::size_t>(tracks.size(), static_cast<std::size_t>(spec.members_size()));
       ++i) {
    for (const auto& output : tracks[i].value("outputs", nlohmann::json::array())) {
      if (output.value("path", "") == output_path) return spec.members(static_cast<int>(i)).input();
    }
  }
  return task.input;
}

void fill(v1::Task& message, const TaskRecord& task, bool with_result) {
  message.set_task_id(task.id);
  message.set_job_id(task.job_id);
  message.set_position(task.position);
  *message.mutable_spec() = to_message(task);
  message.set_state(to_message(task.state));
  message.set_attempts(task.token);
  message.set_worker_id(task.worker_id);
  message.set_lease_expires_ms(task.lease_expires_ms.value_or(0));
  if (task.state == TaskState::kRetrying) message.set_not_before_ms(task.not_before_ms);
  message.set_runs_alone(task.run_alone);
  message.set_infra_failures(task.history.infra_failures);
  message.set_task_failures(task.history.task_failures);
  message.set_crashes(task.history.crashes);
  message.set_reason_code(task.reason_code);
  message.set_message(task.message);
  if (with_result) message.set_result_json(task.result_json);
  message.set_changed_ms(task.changed_ms);
}

void fill(v1::Attempt& message, const AttemptRecord& attempt) {
  message.set_token(attempt.token);
  message.set_worker_id(attempt.worker_id);
  message.set_started_ms(attempt.started_ms);
  message.set_ended_ms(attempt.ended_ms.value_or(0));
  message.set_outcome(to_message(attempt.outcome));
  if (attempt.failure_class) message.set_failure_class(to_message(*attempt.failure_class));
  message.set_reason_code(attempt.reason_code);
  message.set_message(attempt.message);
}

void fill(v1::TaskCounts& message, const TaskCounts& counts) {
  message.set_pending(counts.pending);
  message.set_leased(counts.leased);
  message.set_retrying(counts.retrying);
  message.set_done(counts.done);
  message.set_unchanged(counts.unchanged);
  message.set_failed(counts.failed);
  message.set_quarantined(counts.quarantined);
  message.set_cancelled(counts.cancelled);
  message.set_cost_unfinished_s(counts.cost_unfinished);
  message.set_cost_ended_s(counts.cost_ended);
}

void fill(v1::Worker& message, const WorkerRecord& worker) {
  v1::WorkerSpec& spec = *message.mutable_spec();
  if (!worker.spec.info_json.empty()) from_json(worker.spec.info_json, spec);
  spec.set_worker_id(worker.spec.id);
  spec.set_name(worker.spec.name);
  spec.set_engine(worker.spec.engine);
  spec.set_version(worker.spec.version);
  spec.set_slots(worker.spec.slots);
  spec.set_memory_bytes(worker.spec.memory_bytes);
  message.set_state(to_message(worker.state));
  message.set_reason(worker.reason);
  message.set_registered_ms(worker.registered_ms);
  message.set_seen_ms(worker.seen_ms);
  message.set_leases(worker.leases);
  message.set_committed(worker.committed);
  message.set_failed(worker.failed);
  message.set_failure_streak(worker.failure_streak);
  if (!worker.status_json.empty()) {
    v1::HeartbeatRequest status;
    from_json(worker.status_json, status);
    *message.mutable_load() = status.load();
    *message.mutable_progress() = status.progress();
  }
}

v1::JobSpec job_spec_message(const JobHeader& header, bool with_recipe) {
  v1::JobSpec spec;
  from_json(header.settings_json, spec);
  if (with_recipe && header.kind == "master") spec.mutable_master()->set_recipe(header.recipe_json);
  spec.set_name(header.name);
  spec.set_space(header.space);
  spec.set_priority(header.priority);
  spec.set_finish_by_ms(header.finish_by_ms.value_or(0));
  return spec;
}

WorkerSpec worker_spec_of(const v1::WorkerSpec& spec) {
  v1::WorkerSpec info;
  info.set_host(spec.host());
  info.set_processors(spec.processors());
  info.set_gpu(spec.gpu());
  return {spec.worker_id(), spec.name(),         spec.engine(), spec.version(),
          spec.slots(),     spec.memory_bytes(), to_json(info)};
}

OutputRecord output_of(const v1::OutputFile& file) {
  return {file.path(), file.bytes(), file.mtime_ns(), file.sha256()};
}

FileIdentity identity_of_message(const v1::FileIdentity& file) {
  return {file.path(), file.size_bytes(), file.mtime_ns(), file.inode(), file.device()};
}

std::string page_token(std::int64_t position) { return "p" + std::to_string(position); }

std::int64_t page_position(const std::string& token, std::int64_t at_start) {
  if (token.empty()) return at_start;
  std::int64_t position = 0;
  const char* end = token.data() + token.size();
  const auto [rest, error] = std::from_chars(token.data() + 1, end, position);
  if (token.front() != 'p' || error != std::errc{} || rest != end)
    throw std::invalid_argument("'" + storable_text(token) + "' is no page token of this scheduler's");
  return position;
}

int page_size(int asked, int usual) {
  if (asked < 0) throw std::invalid_argument("page_size is negative");
  return asked == 0 ? usual : std::min(asked, 1000);
}

}  // namespace lathe::scheduler
