#include "scheduler/store/sqlite_job_store.h"

#include <stdexcept>

#include "scheduler/store/migrations.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {

SqliteJobStore::SqliteJobStore(std::string path, const Clock& clock, const RetryPolicy& policy, int busy_timeout_ms)
    : clock_(clock), policy_(policy), database_(std::move(path), busy_timeout_ms) {
  migrate(database_, schema_migrations(), clock_.now_ms());
}

void SqliteJobStore::add_event(JobId job, std::optional<TaskId> task, std::string_view state,
                               std::string_view reason_code, std::int64_t now_ms) {
  database_.run(
      "INSERT INTO event (job_id, sequence, at_ms, task_id, state, reason_code) "
      "SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3, ?4, ?5 FROM event WHERE job_id = ?1",
      job, now_ms, task, state, reason_code);
}

void SqliteJobStore::end_attempt(const LeaseId& lease, std::string_view outcome, std::int64_t now_ms,
                                 std::optional<std::string_view> failure_class, std::string_view reason_code,
                                 std::string_view message) {
  database_.run(
      "UPDATE attempt SET outcome = ?, ended_ms = ?, failure_class = ?, reason_code = ?, message = ? "
      "WHERE task_id = ? AND token = ?",
      outcome, now_ms, failure_class, reason_code, message, lease.task_id, lease.token);
}

void check_text(std::string_view what, std::string_view text) {
  if (!is_storable_text(text)) {
    throw std::invalid_argument(std::string(what) + " must be UTF-8 without NUL: '" + storable_text(text) + "'");
  }
}

}  // namespace lathe::scheduler
