// Questions to the record.
#include <algorithm>
#include <stdexcept>

#include "scheduler/store/sql_job_store.h"

namespace lathe::scheduler {
namespace {

// Columns of read_job, in its order.
#define LATHE_JOB_COLUMNS                                                                                 \
  "id, request_id, space, kind, name, out_dir, recipe_json, recipe_sha256, settings_json, submitted_by, " \
  "priority, finish_by_ms, state, task_count, created_ms, finished_ms"

JobRecord read_job(const Rows& row) {
  JobRecord job;
  job.id = row.integer(0);
  job.header = {row.text(1),
                row.text(2),
                row.text(3),
                row.text(4),
                row.bytes(5),
                row.text(6),
                row.text(7),
                row.text(8),
                row.text(9),
                row.small(10),
                row.optional_integer(11)};
  job.state = job_state_named(row.text(12));
  job.task_count = row.integer(13);
  job.created_ms = row.integer(14);
  job.finished_ms = row.optional_integer(15);
  return job;
}

// Columns of read_task, in its order.
#define LATHE_TASK_COLUMNS                                                                                 \
  "id, job_id, position, plan_rank, input, album, predicted_cost, payload_json, state, token, worker_id, " \
  "lease_expires_ms, not_before_ms, run_alone, infra_failures, lost_leases, task_failures, crashes, "      \
  "reason_code, message, result_json, changed_ms, memory_bytes"

TaskRecord read_task(const Rows& row) {
  TaskRecord task;
  task.id = row.integer(0);
  task.job_id = row.integer(1);
  task.position = row.integer(2);
  task.plan_rank = row.integer(3);
  task.input = row.bytes(4);
  task.album = row.bytes(5);
  task.predicted_cost = row.real(6);
  task.payload_json = row.text(7);
  task.state = task_state_named(row.text(8));
  task.token = row.integer(9);
  task.worker_id = row.text(10);
  task.lease_expires_ms = row.optional_integer(11);
  task.not_before_ms = row.integer(12);
  task.run_alone = row.integer(13) != 0;
  task.history = {row.small(14), row.small(15), row.small(16), row.small(17)};
  task.reason_code = row.text(18);
  task.message = row.text(19);
  task.result_json = row.text(20);
  task.changed_ms = row.integer(21);
  task.memory_bytes = row.integer(22);
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

std::optional<JobRecord> SqlJobStore::job(JobId job) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query("SELECT " LATHE_JOB_COLUMNS " FROM job WHERE id = ?1", job);
    return row.step() ? std::optional(read_job(row)) : std::nullopt;
  });
}

std::optional<JobRecord> SqlJobStore::job_of_request(std::string_view request_id) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query("SELECT " LATHE_JOB_COLUMNS " FROM job WHERE request_id = ?1", request_id);
    return row.step() ? std::optional(read_job(row)) : std::nullopt;
  });
}

std::vector<JobRecord> SqlJobStore::jobs(const JobFilter& filter, JobId before, int limit) {
  std::string sql = "SELECT " LATHE_JOB_COLUMNS " FROM job WHERE id < ?1 AND (?2 = '' OR space = ?2)";
  if (!filter.states.empty()) sql += " AND state IN (" + quoted_list(filter.states) + ")";
  sql += " ORDER BY id DESC LIMIT ?3";
  return ask([&](SqlConnection& connection) {
    std::vector<JobRecord> jobs;
    Rows row = connection.query(sql, before, filter.space.value_or(""), std::max(limit, 0));
    while (row.step()) jobs.push_back(read_job(row));
    return jobs;
  });
}

std::vector<TaskRecord> SqlJobStore::tasks(JobId job, const TaskFilter& filter, std::int64_t after, int limit) {
  std::string sql = "SELECT " LATHE_TASK_COLUMNS " FROM task WHERE job_id = ?1 AND position > ?2";
  if (!filter.states.empty()) sql += " AND state IN (" + quoted_list(filter.states) + ")";
  sql += " ORDER BY position LIMIT ?3";
  return ask([&](SqlConnection& connection) {
    std::vector<TaskRecord> tasks;
    Rows row = connection.query(sql, job, after, std::max(limit, 0));
    while (row.step()) tasks.push_back(read_task(row));
    return tasks;
  });
}

std::optional<TaskRecord> SqlJobStore::task(TaskId task) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query("SELECT " LATHE_TASK_COLUMNS " FROM task WHERE id = ?1", task);
    return row.step() ? std::optional(read_task(row)) : std::nullopt;
  });
}

std::vector<AttemptRecord> SqlJobStore::attempts(TaskId task) {
  return ask([&](SqlConnection& connection) {
    std::vector<AttemptRecord> attempts;
    Rows row = connection.query(
        "SELECT token, worker_id, started_ms, ended_ms, outcome, failure_class, reason_code, message "
        "FROM attempt WHERE task_id = ?1 ORDER BY token",
        task);
    while (row.step()) {
      attempts.push_back(
          {row.integer(0), row.text(1), row.integer(2), row.optional_integer(3), attempt_outcome_named(row.text(4)),
           row.is_null(5) ? std::nullopt : std::optional(failure_class_named(row.text(5))), row.text(6), row.text(7)});
    }
    return attempts;
  });
}

TaskCounts SqlJobStore::counts(JobId job) {
  return ask([&](SqlConnection& connection) {
    TaskCounts counts;
    Rows row = connection.query(
        "SELECT state, cast(sum(n) AS bigint), sum(cost) FROM job_tally WHERE job_id = ?1 GROUP BY state", job);
    while (row.step()) {
      const TaskState state = task_state_named(row.text(0));
      count_of(counts, state) = row.integer(1);
      // What was added and taken away again leaves a trace of rounding.
      if (row.integer(1) > 0) (is_final(state) ? counts.cost_ended : counts.cost_unfinished) += row.real(2);
    }
    return counts;
  });
}

std::vector<EventRecord> SqlJobStore::events(JobId job, std::int64_t after, int limit) {
  return ask([&](SqlConnection& connection) {
    std::vector<EventRecord> events;
    Rows row = connection.query(
        "SELECT sequence, at_ms, task_id, state, reason_code FROM event "
        "WHERE job_id = ?1 AND sequence > ?2" LATHE_BELOW_XMIN("sequence") "ORDER BY sequence LIMIT ?3",
        job, after, std::max(limit, 0));
    while (row.step()) {
      events.push_back({row.integer(0), row.integer(1), row.optional_integer(2), row.text(3), row.text(4)});
    }
    return events;
  });
}

std::int64_t SqlJobStore::last_sequence(JobId job) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query(
        "SELECT coalesce(max(sequence), 0) FROM event WHERE job_id = ?1" LATHE_BELOW_XMIN("sequence"), job);
    row.step();
    return row.integer(0);
  });
}

bool SqlJobStore::has_events_after(JobId job, std::int64_t after) {
  return ask([&](SqlConnection& connection) {
    Rows row = connection.query("SELECT 1 FROM event WHERE job_id = ?1 AND sequence > ?2 LIMIT 1", job, after);
    return row.step();
  });
}

}  // namespace lathe::scheduler
