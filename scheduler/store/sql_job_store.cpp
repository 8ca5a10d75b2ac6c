#include "scheduler/store/sql_job_store.h"

#include <stdexcept>

#include "scheduler/store/utf8.h"

namespace lathe::scheduler {

SqlJobStore::SqlJobStore(std::unique_ptr<SqlEngine> engine, const Clock* clock, const RetryPolicy& policy)
    : engine_(std::move(engine)), clock_(clock), policy_(policy) {}

std::int64_t SqlJobStore::now_ms() {
  return clock_ != nullptr ? clock_->now_ms() : read([](SqlTransaction& transaction) { return transaction.now_ms(); });
}

void SqlJobStore::end_attempt(SqlTransaction& transaction, const LeaseId& lease, std::string_view outcome,
                              std::optional<std::string_view> failure_class, std::string_view reason_code,
                              std::string_view message) {
  transaction.run(
      "UPDATE attempt SET outcome = ?1, ended_ms = ?2, failure_class = ?3, reason_code = ?4, message = ?5 "
      "WHERE task_id = ?6 AND token = ?7",
      outcome, transaction.now_ms(), failure_class, reason_code, message, lease.task_id, lease.token);
}

std::optional<SqlJobStore::Held> SqlJobStore::held(SqlTransaction& transaction, const LeaseId& lease) {
  Rows row = transaction.query(
      "SELECT job_id, worker_id, infra_failures, lost_leases, task_failures, crashes, predicted_cost, album, engine "
      "FROM task JOIN job ON job.id = task.job_id "
      "WHERE task.id = ?1 AND token = ?2 AND task.state = 'LEASED' AND job.state IN ('RUNNING', 'PAUSED') "
      "{postgres: FOR UPDATE OF task}",
      lease.task_id, lease.token);
  if (!row.step()) return std::nullopt;
  return Held{lease,       row.integer(0), row.text(1), {row.small(2), row.small(3), row.small(4), row.small(5)},
              row.real(6), row.bytes(7),   row.text(8)};
}

void check_text(std::string_view what, std::string_view text) {
  if (!is_storable_text(text)) {
    throw std::invalid_argument(std::string(what) + " must be UTF-8 without NUL: '" + storable_text(text) + "'");
  }
}

}  // namespace lathe::scheduler
