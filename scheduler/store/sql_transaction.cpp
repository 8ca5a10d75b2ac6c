#include "scheduler/store/sql_transaction.h"

#include <stdexcept>

namespace lathe::scheduler {

SqlTransaction::SqlTransaction(SqlConnection& connection, const Clock* clock, SqlConnection::Begin kind)
    : connection_(connection) {
  connection_.begin(kind);
  now_ms_ = clock != nullptr ? clock->now_ms() : connection_.began_ms();
}

SqlTransaction::~SqlTransaction() {
  if (is_open_) connection_.rollback();
}

void SqlTransaction::count(JobId job, std::optional<TaskState> from, TaskState to, double cost, std::int64_t tasks) {
  const auto add = [&](TaskState state, int sign) {
    auto& [n, sum] = tally_[{job, state}];
    n += sign * tasks;
    sum += sign * cost;
  };
  if (from) add(*from, -1);
  add(to, 1);
}

// In the order of the keys: two transactions that count in one shard wait for each other, but not in a circle.
void SqlTransaction::flush_tally() {
  if (tally_.empty()) return;
  std::vector<SqlValue> values;
  std::string sql = "INSERT INTO job_tally (job_id, shard, state, n, cost) VALUES ";
  for (const auto& [key, change] : tally_) {
    const std::size_t first = values.size() + 1;
    sql += values.empty() ? "(" : ", (";
    for (std::size_t i = first; i < first + 5; ++i) sql += (i == first ? "?" : ", ?") + std::to_string(i);
    sql += ")";
    values.insert(values.end(), {SqlValue(key.first), SqlValue(connection_.shard()), SqlValue(to_string(key.second)),
                                 SqlValue(change.first), SqlValue(change.second)});
  }
  sql +=
      " ON CONFLICT (job_id, shard, state) DO UPDATE SET n = job_tally.n + excluded.n, "
      "cost = job_tally.cost + excluded.cost";
  connection_.run_bound(sql, values);
  tally_.clear();
}

std::int64_t SqlTransaction::next_number() {
  if (numbers_ >= kNumbersATransaction) throw std::logic_error("too many events in one transaction");
  return numbers_++;
}

void SqlTransaction::add_event(JobId job, std::optional<TaskId> task, std::string_view state,
                               std::string_view reason_code) {
  connection_.run(
      "INSERT INTO event (job_id, sequence, at_ms, task_id, state, reason_code) "
      "{sqlite: SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3, ?4, ?5 FROM event WHERE job_id = ?1 AND ?6 >= 0}"
      "{postgres: SELECT ?1, base + pg_current_xact_id()::text::bigint * 16384 + ?6, ?2, ?3, ?4, ?5 FROM number_base}",
      job, now_ms_, task, state, reason_code, next_number());
}

void SqlTransaction::add_call(const CallRecord& call) {
  connection_.run(
      "INSERT INTO call_record ({postgres: id, }at_ms, who, role, method, subject, outcome) "
      "{sqlite: SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?7 >= 0}"
      "{postgres: SELECT base + pg_current_xact_id()::text::bigint * 16384 + ?7, ?1, ?2, ?3, ?4, ?5, ?6 FROM "
      "number_base}",
      now_ms_, call.who, call.role, call.method, call.subject, call.outcome, next_number());
}

void SqlTransaction::commit() {
  flush_tally();
  is_open_ = false;
  try {
    connection_.commit();
  } catch (...) {
    connection_.rollback();
    throw;
  }
}

}  // namespace lathe::scheduler
