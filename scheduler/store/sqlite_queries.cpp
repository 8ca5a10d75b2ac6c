// Questions to the record in SQLite.
#include <algorithm>
#include <stdexcept>

#include "scheduler/store/sqlite_job_store.h"

namespace lathe::scheduler {
namespace {

JobRecord read_job(const Query& row) {
  return {row.integer(0),
          row.text(1),
          row.text(2),
          row.text(3),
          row.text(4),
          row.text(5),
          job_state_named(row.text(6)),
          row.integer(7),
          row.integer(8),
          row.optional_integer(9)};
}

// Columns of read_task, in its order.
#define LATHE_TASK_COLUMNS                                                                                 \
  "id, job_id, position, plan_rank, input, album, predicted_cost, payload_json, state, token, worker_id, " \
  "lease_expires_ms, not_before_ms, run_alone, infra_failures, lost_leases, task_failures, crashes, "      \
  "reason_code, message, result_json, changed_ms"

TaskRecord read_task(const Query& row) {
  TaskRecord task;
  task.id = row.integer(0);
  task.job_id = row.integer(1);
  task.position = row.integer(2);
  task.plan_rank = row.integer(3);
  task.input = row.text(4);
  task.album = row.text(5);
  task.predicted_cost = row.real(6);
  task.payload_json = row.text(7);
  task.state = task_state_named(row.text(8));
  task.token = row.integer(9);
  task.worker_id = row.text(10);
  task.lease_expires_ms = row.optional_integer(11);
  task.not_before_ms = row.integer(12);
  task.run_alone = row.integer(13) != 0;
  task.history = {static_cast<int>(row.integer(14)), static_cast<int>(row.integer(15)),
                  static_cast<int>(row.integer(16)), static_cast<int>(row.integer(17))};
  task.reason_code = row.text(18);
  task.message = row.text(19);
  task.result_json = row.text(20);
  task.changed_ms = row.integer(21);
  return task;
}

AttemptOutcome attempt_outcome_named(std::string_view name) {
  if (name == "RUNNING") return AttemptOutcome::kRunning;
  if (name == "COMMITTED") return AttemptOutcome::kCommitted;
  if (name == "FAILED") return AttemptOutcome::kFailed;
  if (name == "LOST") return AttemptOutcome::kLost;
  if (name == "RELEASED") return AttemptOutcome::kReleased;
  if (name == "CANCELLED") return AttemptOutcome::kCancelled;
  throw std::invalid_argument("no attempt's outcome is called '" + std::string(name) + "'");
}

std::int64_t& count_of(TaskCounts& counts, TaskState state) {
  switch (state) {
    case TaskState::kPending:
      return counts.pending;
    case TaskState::kLeased:
      return counts.leased;
    case TaskState::kRetrying:
      return counts.retrying;
    case TaskState::kDone:
      return counts.done;
    case TaskState::kUnchanged:
      return counts.unchanged;
    case TaskState::kFailed:
      return counts.failed;
    case TaskState::kQuarantined:
      return counts.quarantined;
    case TaskState::kCancelled:
      return counts.cancelled;
  }
  throw std::invalid_argument("no such task state");
}

}  // namespace

std::optional<JobRecord> SqliteJobStore::job(JobId job) {
  const std::lock_guard lock(mutex_);
  Query row = database_.query(
      "SELECT id, request_id, kind, out_dir, recipe_json, recipe_sha256, state, task_count, created_ms, finished_ms "
      "FROM job WHERE id = ?",
      job);
  return row.step() ? std::optional(read_job(row)) : std::nullopt;
}

std::optional<JobRecord> SqliteJobStore::latest_job() {
  const std::lock_guard lock(mutex_);
  Query row = database_.query(
      "SELECT id, request_id, kind, out_dir, recipe_json, recipe_sha256, state, task_count, created_ms, finished_ms "
      "FROM job ORDER BY id DESC LIMIT 1");
  return row.step() ? std::optional(read_job(row)) : std::nullopt;
}

std::vector<TaskRecord> SqliteJobStore::tasks(JobId job, std::int64_t after, int limit) {
  const std::lock_guard lock(mutex_);
  std::vector<TaskRecord> tasks;
  Query row = database_.query("SELECT " LATHE_TASK_COLUMNS
                              " FROM task WHERE job_id = ? AND position > ? ORDER BY position LIMIT ?",
                              job, after, std::max(limit, 0));
  while (row.step()) tasks.push_back(read_task(row));
  return tasks;
}

std::optional<TaskRecord> SqliteJobStore::task(TaskId task) {
  const std::lock_guard lock(mutex_);
  Query row = database_.query("SELECT " LATHE_TASK_COLUMNS " FROM task WHERE id = ?", task);
  return row.step() ? std::optional(read_task(row)) : std::nullopt;
}

std::vector<AttemptRecord> SqliteJobStore::attempts(TaskId task) {
  const std::lock_guard lock(mutex_);
  std::vector<AttemptRecord> attempts;
  Query row = database_.query(
      "SELECT token, worker_id, started_ms, ended_ms, outcome, failure_class, reason_code, message "
      "FROM attempt WHERE task_id = ? ORDER BY token",
      task);
  while (row.step()) {
    attempts.push_back(
        {row.integer(0), row.text(1), row.integer(2), row.optional_integer(3), attempt_outcome_named(row.text(4)),
         row.is_null(5) ? std::nullopt : std::optional(failure_class_named(row.text(5))), row.text(6), row.text(7)});
  }
  return attempts;
}

TaskCounts SqliteJobStore::counts(JobId job) {
  const std::lock_guard lock(mutex_);
  TaskCounts counts;
  Query row =
      database_.query("SELECT state, count(*) FROM task INDEXED BY task_state WHERE job_id = ? GROUP BY state", job);
  while (row.step()) count_of(counts, task_state_named(row.text(0))) = row.integer(1);
  return counts;
}

std::vector<EventRecord> SqliteJobStore::events(JobId job, std::int64_t after, int limit) {
  const std::lock_guard lock(mutex_);
  std::vector<EventRecord> events;
  Query row = database_.query(
      "SELECT sequence, at_ms, task_id, state, reason_code FROM event "
      "WHERE job_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
      job, after, std::max(limit, 0));
  while (row.step()) {
    events.push_back({row.integer(0), row.integer(1), row.optional_integer(2), row.text(3), row.text(4)});
  }
  return events;
}

}  // namespace lathe::scheduler
