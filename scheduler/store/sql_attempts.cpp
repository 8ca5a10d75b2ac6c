// How attempts end: announced, committed, or failed. Each is one transaction behind the lease's token.
#include <stdexcept>

#include "scheduler/core/worker_health.h"
#include "scheduler/store/sql_job_store.h"
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

void SqlJobStore::insert_output(SqlTransaction& transaction, const OutputRecord& output, TaskId task,
                                bool is_committed) {
  // A file that is committed already stays so when the very same is announced again.
  transaction.run(
      "INSERT INTO output (path, sha256, bytes, mtime_ns, task_id, committed, written_ms) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (path, sha256, mtime_ns) DO UPDATE SET bytes = excluded.bytes, "
      "task_id = excluded.task_id, written_ms = excluded.written_ms, "
      "committed = CASE WHEN output.committed = 1 THEN 1 ELSE excluded.committed END",
      Bytes{output.path}, output.sha256, output.bytes, output.mtime_ns, task, is_committed, transaction.now_ms());
}

bool SqlJobStore::announce_outputs(const LeaseId& lease, const std::vector<OutputRecord>& outputs) {
  check_outputs(outputs);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    if (!held(transaction, lease)) return false;
    for (const OutputRecord& output : outputs) insert_output(transaction, output, lease.task_id, false);
    return true;
  });
}

CommitOutcome SqlJobStore::commit(const LeaseId& lease, const Commit& commit) {
  check_commit(commit);
  check_outputs(commit.outputs);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool may_be_done) {
    const std::optional<Held> holder = held(transaction, lease);
    if (!holder) {
      Rows earlier =
          transaction.query("SELECT 1 FROM attempt WHERE task_id = ?1 AND token = ?2 AND outcome = 'COMMITTED'",
                            lease.task_id, lease.token);
      if (!earlier.step()) return CommitOutcome::kLost;
      return may_be_done ? CommitOutcome::kCommitted : CommitOutcome::kRepeated;
    }
    const std::int64_t now_ms = transaction.now_ms();
    const std::int64_t changed = transaction.run(
        "UPDATE task SET state = ?3, result_json = ?4, worker_id = NULL, lease_expires_ms = NULL, reason_code = '', "
        "message = '', changed_ms = ?5 WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
        lease.task_id, lease.token, to_string(commit.state), commit.result_json, now_ms);
    if (changed != 1) return CommitOutcome::kLost;
    for (const CachedResult& entry : commit.cache) {
      transaction.run(
          "INSERT INTO cached_result (cache_key, result_json, created_ms) VALUES (?1, ?2, ?3) "
          "ON CONFLICT (cache_key) DO UPDATE SET result_json = excluded.result_json, created_ms = excluded.created_ms",
          entry.cache_key, entry.result_json, now_ms);
    }
    for (const OutputRecord& output : commit.outputs) {
      transaction.run("DELETE FROM output WHERE path = ?1", Bytes{output.path});
      insert_output(transaction, output, lease.task_id, true);
    }
    add_log(transaction, lease, commit.log);
    end_attempt(transaction, lease, "COMMITTED");
    transaction.run("UPDATE worker SET committed = committed + 1, failure_streak = 0 WHERE id = ?1", holder->worker_id);
    transaction.add_event(holder->job_id, lease.task_id, to_string(commit.state));
    transaction.count(holder->job_id, TaskState::kLeased, commit.state, holder->cost);
    end_job_if_all_ended(transaction, holder->job_id);
    return CommitOutcome::kCommitted;
  });
}

FailOutcome SqlJobStore::fail(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
                              std::string_view message, double random01, const std::vector<SaidLine>& log) {
  check_text("a reason code", reason_code);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool may_be_done) -> FailOutcome {
    const std::optional<Held> holder = held(transaction, lease);
    if (!holder) {
      // Of the try whose answer was lost, what became of the task since is the answer.
      Rows failed = transaction.query(
          "SELECT state, not_before_ms, task.token FROM task JOIN attempt ON task_id = task.id "
          "WHERE task.id = ?1 AND attempt.token = ?2 AND outcome = 'FAILED'",
          lease.task_id, lease.token);
      if (!may_be_done || !failed.step()) return {true, TaskState::kFailed, 0};
      const TaskState state = task_state_named(failed.text(0));
      const bool is_end = state == TaskState::kFailed || state == TaskState::kQuarantined;
      if (is_end && failed.integer(2) == lease.token) return {false, state, 0};
      return {false, TaskState::kRetrying, failed.integer(1)};
    }
    const RetryDecision decision =
        end_badly(transaction, *holder, {failure_class, false}, "FAILED", reason_code, message, random01);
    add_log(transaction, lease, log);
    // Where a task is never left to others, the other workers there are belong to runs of their own: none to compare
    // with.
    if (policy_.other_worker_patience_ms > 0) note_worker_failure(transaction, *holder, failure_class, reason_code);
    end_job_if_all_ended(transaction, holder->job_id);
    return {false, decision.state, decision.not_before_ms};
  });
}

RetryDecision SqlJobStore::end_badly(SqlTransaction& transaction, const Held& holder, const Failure& failure,
                                     std::string_view outcome, std::string_view reason_code, std::string_view message,
                                     double random01) {
  const std::int64_t now_ms = transaction.now_ms();
  const RetryDecision decision = decide(policy_, holder.history, failure, now_ms, random01);
  const std::string text = storable_text(message);
  const auto avoided = decision.other_worker ? std::optional(holder.worker_id) : std::nullopt;
  transaction.run(
      "UPDATE task SET state = ?3, worker_id = NULL, lease_expires_ms = NULL, not_before_ms = ?4, run_alone = ?5, "
      "avoid_worker = ?6, avoid_until_ms = ?7, infra_failures = ?8, lost_leases = ?9, task_failures = ?10, "
      "crashes = ?11, reason_code = ?12, message = ?13, changed_ms = ?14 "
      "WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
      holder.lease.task_id, holder.lease.token, to_string(decision.state), decision.not_before_ms, decision.run_alone,
      avoided, decision.not_before_ms + policy_.other_worker_patience_ms, decision.history.infra_failures,
      decision.history.lost_leases, decision.history.task_failures, decision.history.crashes, reason_code, text,
      now_ms);
  end_attempt(transaction, holder.lease, outcome, to_string(failure.failure_class), reason_code, text);
  unpin_album(transaction, holder);
  transaction.add_event(holder.job_id, holder.lease.task_id, to_string(decision.state), reason_code);
  transaction.count(holder.job_id, TaskState::kLeased, decision.state, holder.cost);
  return decision;
}

void SqlJobStore::note_worker_failure(SqlTransaction& transaction, const Held& holder, FailureClass failure_class,
                                      std::string_view reason_code) {
  int streak = 0;
  std::string name, state;
  {
    Rows row = transaction.query(
        "UPDATE worker SET failed = failed + 1, failure_streak = failure_streak + ?2 WHERE id = ?1 "
        "RETURNING failure_streak, name, state",
        holder.worker_id, counts_against_worker(failure_class, reason_code));
    if (!row.step()) return;
    streak = row.small(0);
    name = row.text(1);
    state = row.text(2);
    while (row.step()) {
    }
  }
  if (state != to_string(WorkerState::kActive) || streak < kSuspiciousStreak) return;
  std::optional<int> others;
  {
    Rows row = transaction.query("SELECT min(failure_streak) FROM worker WHERE state = 'ACTIVE' AND id <> ?1",
                                 holder.worker_id);
    if (row.step() && !row.is_null(0)) others = row.small(0);
  }
  if (!is_worker_at_fault(streak, others)) return;
  const std::string reason =
      std::to_string(streak) + " failures in a row, the last one " + std::string(reason_code) + ", while others work";
  transaction.run("UPDATE worker SET state = 'QUARANTINED', reason = ?2 WHERE id = ?1", holder.worker_id, reason);
  transaction.run(
      "INSERT INTO worker_name_state (name, reason, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO NOTHING", name,
      reason, transaction.now_ms());
}

}  // namespace lathe::scheduler
