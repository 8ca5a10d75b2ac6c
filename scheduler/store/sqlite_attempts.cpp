// How attempts end in SQLite: announced, committed, or failed. Each is one transaction behind the lease's token.
#include <stdexcept>

#include "scheduler/store/sqlite_job_store.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

void check_commit(const Commit& commit) {
  if (commit.state != TaskState::kDone && commit.state != TaskState::kUnchanged) {
    throw std::invalid_argument("only DONE and UNCHANGED can be committed");
  }
  check_text("a result", commit.result_json);
  for (const CachedResult& entry : commit.cache) {
    if (entry.cache_key.empty()) throw std::invalid_argument("a cache key must not be empty");
    check_text("a cache key", entry.cache_key);
    check_text("a cached result", entry.result_json);
  }
}

void check_outputs(const std::vector<OutputRecord>& outputs) {
  for (const OutputRecord& output : outputs) {
    if (output.path.empty()) throw std::invalid_argument("an output needs a path");
    check_text("an output's hash", output.sha256);
  }
}

}  // namespace

std::optional<SqliteJobStore::Held> SqliteJobStore::held(const LeaseId& lease) {
  Query row = database_.query(
      "SELECT job_id, worker_id, infra_failures, lost_leases, task_failures, crashes "
      "FROM task JOIN job ON job.id = job_id "
      "WHERE task.id = ? AND token = ? AND task.state = 'LEASED' AND job.state = 'RUNNING'",
      lease.task_id, lease.token);
  if (!row.step()) return std::nullopt;
  return Held{lease,
              row.integer(0),
              row.text(1),
              {static_cast<int>(row.integer(2)), static_cast<int>(row.integer(3)), static_cast<int>(row.integer(4)),
               static_cast<int>(row.integer(5))}};
}

void SqliteJobStore::insert_output(const OutputRecord& output, TaskId task, bool is_committed, std::int64_t now_ms) {
  // A file that is committed already stays so when the very same is announced again.
  database_.run(
      "INSERT INTO output (path, sha256, bytes, mtime_ns, task_id, committed, written_ms) VALUES (?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (path, sha256, mtime_ns) DO UPDATE SET bytes = excluded.bytes, task_id = excluded.task_id, "
      "committed = max(committed, excluded.committed), written_ms = excluded.written_ms",
      Bytes{output.path}, output.sha256, output.bytes, output.mtime_ns, task, is_committed, now_ms);
}

bool SqliteJobStore::announce_outputs(const LeaseId& lease, const std::vector<OutputRecord>& outputs) {
  check_outputs(outputs);
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (!held(lease)) return false;
  for (const OutputRecord& output : outputs) insert_output(output, lease.task_id, false, clock_.now_ms());
  transaction.commit();
  return true;
}

CommitOutcome SqliteJobStore::commit(const LeaseId& lease, const Commit& commit) {
  check_commit(commit);
  check_outputs(commit.outputs);
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  const std::optional<Held> holder = held(lease);
  if (!holder) {
    Query earlier = database_.query("SELECT 1 FROM attempt WHERE task_id = ? AND token = ? AND outcome = 'COMMITTED'",
                                    lease.task_id, lease.token);
    return earlier.step() ? CommitOutcome::kRepeated : CommitOutcome::kLost;
  }
  const std::int64_t now_ms = clock_.now_ms();
  const std::int64_t changed = database_.run(
      "UPDATE task SET state = ?3, result_json = ?4, worker_id = NULL, lease_expires_ms = NULL, reason_code = '', "
      "message = '', changed_ms = ?5 WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
      lease.task_id, lease.token, to_string(commit.state), commit.result_json, now_ms);
  if (changed != 1) return CommitOutcome::kLost;
  for (const CachedResult& entry : commit.cache) {
    database_.run("INSERT OR REPLACE INTO cached_result (cache_key, result_json, created_ms) VALUES (?, ?, ?)",
                  entry.cache_key, entry.result_json, now_ms);
  }
  for (const OutputRecord& output : commit.outputs) {
    database_.run("DELETE FROM output WHERE path = ?", Bytes{output.path});
    insert_output(output, lease.task_id, true, now_ms);
  }
  end_attempt(lease, "COMMITTED", now_ms);
  add_event(holder->job_id, lease.task_id, to_string(commit.state), {}, now_ms);
  end_job_if_all_ended(holder->job_id, now_ms);
  transaction.commit();
  return CommitOutcome::kCommitted;
}

FailOutcome SqliteJobStore::fail(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
                                 std::string_view message, double random01) {
  check_text("a reason code", reason_code);
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  const std::optional<Held> holder = held(lease);
  if (!holder) return {true, TaskState::kFailed, 0};
  const RetryDecision decision =
      end_badly(*holder, {failure_class, false}, "FAILED", reason_code, message, clock_.now_ms(), random01);
  transaction.commit();
  return {false, decision.state, decision.not_before_ms};
}

RetryDecision SqliteJobStore::end_badly(const Held& holder, const Failure& failure, std::string_view outcome,
                                        std::string_view reason_code, std::string_view message, std::int64_t now_ms,
                                        double random01) {
  const RetryDecision decision = decide(policy_, holder.history, failure, now_ms, random01);
  const std::string text = storable_text(message);
  const auto avoided = decision.other_worker ? std::optional(holder.worker_id) : std::nullopt;
  database_.run(
      "UPDATE task SET state = ?3, worker_id = NULL, lease_expires_ms = NULL, not_before_ms = ?4, run_alone = ?5, "
      "avoid_worker = ?6, avoid_until_ms = ?7, infra_failures = ?8, lost_leases = ?9, task_failures = ?10, crashes = "
      "?11, "
      "reason_code = ?12, message = ?13, changed_ms = ?14 WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
      holder.lease.task_id, holder.lease.token, to_string(decision.state), decision.not_before_ms, decision.run_alone,
      avoided, decision.not_before_ms + policy_.other_worker_patience_ms, decision.history.infra_failures,
      decision.history.lost_leases, decision.history.task_failures, decision.history.crashes, reason_code, text,
      now_ms);
  end_attempt(holder.lease, outcome, now_ms, to_string(failure.failure_class), reason_code, text);
  add_event(holder.job_id, holder.lease.task_id, to_string(decision.state), reason_code, now_ms);
  end_job_if_all_ended(holder.job_id, now_ms);
  return decision;
}

}  // namespace lathe::scheduler
