// Leases in SQLite: handing tasks out, renewing, taking them back.
#include <stdexcept>

#include "scheduler/store/sqlite_job_store.h"

namespace lathe::scheduler {
namespace {

// Leases taken back a transaction.
constexpr std::int64_t kChunk = 1'000;

void check_claimant(std::string_view worker_id, std::int64_t lease_ms) {
  if (worker_id.empty()) throw std::invalid_argument("a worker needs an id");
  check_text("a worker's id", worker_id);
  if (lease_ms <= 0) throw std::invalid_argument("a lease must last for more than 0 ms");
}

std::optional<Bytes> album_of(const ClaimFilter& filter) {
  return filter.album ? std::optional(Bytes{*filter.album}) : std::nullopt;
}

}  // namespace

SqliteJobStore::Holdings SqliteJobStore::holdings(std::string_view worker_id) {
  Query row = database_.query(
      "SELECT count(*), coalesce(max(run_alone), 0) FROM task INDEXED BY task_held "
      "WHERE state = 'LEASED' AND worker_id = ?",
      worker_id);
  row.step();
  return {row.integer(0), row.integer(1) != 0};
}

std::optional<TaskId> SqliteJobStore::first_ready(JobId job, std::string_view worker_id, std::int64_t now_ms,
                                                  const ClaimFilter& filter, bool run_alone) {
  Query row = database_.query(
      "SELECT id FROM task INDEXED BY task_ready "
      "WHERE job_id = ?1 AND run_alone = ?2 AND state IN ('PENDING', 'RETRYING') AND not_before_ms <= ?3 "
      "AND (?4 OR avoid_worker IS NULL OR avoid_worker <> ?5 OR avoid_until_ms <= ?3) AND (?6 IS NULL OR album = ?6) "
      "ORDER BY plan_rank LIMIT 1",
      job, run_alone, now_ms, filter.sole_worker, worker_id, album_of(filter));
  return row.step() ? std::optional(row.integer(0)) : std::nullopt;
}

std::optional<Lease> SqliteJobStore::claim(JobId job, std::string_view worker_id, std::int64_t lease_ms,
                                           const ClaimFilter& filter) {
  check_claimant(worker_id, lease_ms);
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (state_of(job) != JobState::kRunning) return std::nullopt;
  const Holdings holds = holdings(worker_id);
  if (holds.is_alone) return std::nullopt;
  const std::int64_t now_ms = clock_.now_ms();
  std::optional<TaskId> task = first_ready(job, worker_id, now_ms, filter, false);
  if (!task && holds.leases == 0) task = first_ready(job, worker_id, now_ms, filter, true);
  if (!task) return std::nullopt;

  Lease lease;
  {
    Query row = database_.query(
        "UPDATE task SET state = 'LEASED', token = token + 1, worker_id = ?2, lease_expires_ms = ?3, changed_ms = ?4 "
        "WHERE id = ?1 AND state IN ('PENDING', 'RETRYING') "
        "RETURNING token, position, input, album, predicted_cost, payload_json, infra_failures, lost_leases, "
        "task_failures, crashes, run_alone, lease_expires_ms",
        *task, worker_id, now_ms + lease_ms, now_ms);
    row.step();
    lease = {{*task, row.integer(0)},
             job,
             row.integer(1),
             row.text(2),
             row.text(3),
             row.real(4),
             row.text(5),
             {static_cast<int>(row.integer(6)), static_cast<int>(row.integer(7)), static_cast<int>(row.integer(8)),
              static_cast<int>(row.integer(9))},
             row.integer(10) != 0,
             row.integer(11)};
    while (row.step()) {
    }
  }
  database_.run("INSERT INTO attempt (task_id, token, worker_id, started_ms) VALUES (?, ?, ?, ?)", lease.id.task_id,
                lease.id.token, worker_id, now_ms);
  add_event(job, lease.id.task_id, to_string(TaskState::kLeased), {}, now_ms);
  transaction.commit();
  return lease;
}

std::vector<LeaseId> SqliteJobStore::renew(std::string_view worker_id, const std::vector<LeaseId>& leases,
                                           std::int64_t lease_ms) {
  check_claimant(worker_id, lease_ms);
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  const std::int64_t expires_ms = clock_.now_ms() + lease_ms;
  std::vector<LeaseId> lost;
  for (const LeaseId& lease : leases) {
    const std::int64_t changed = database_.run(
        "UPDATE task SET lease_expires_ms = ?4 WHERE id = ?1 AND token = ?2 AND worker_id = ?3 AND state = 'LEASED' "
        "AND (SELECT state FROM job WHERE id = job_id) = 'RUNNING'",
        lease.task_id, lease.token, worker_id, expires_ms);
    if (changed != 1) lost.push_back(lease);
  }
  transaction.commit();
  return lost;
}

bool SqliteJobStore::release(const LeaseId& lease) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  const std::optional<Held> holder = held(lease);
  if (!holder) return false;
  const std::int64_t now_ms = clock_.now_ms();
  database_.run(
      "UPDATE task SET state = 'PENDING', worker_id = NULL, lease_expires_ms = NULL, changed_ms = ?3 "
      "WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
      lease.task_id, lease.token, now_ms);
  end_attempt(lease, "RELEASED", now_ms);
  add_event(holder->job_id, lease.task_id, to_string(TaskState::kPending), {}, now_ms);
  transaction.commit();
  return true;
}

std::vector<Rescued> SqliteJobStore::rescue_expired(const Random01& random01) {
  std::vector<JobId> cancelling;
  {
    const std::lock_guard lock(mutex_);
    Query row = database_.query("SELECT id FROM job WHERE state = 'CANCELLING'");
    while (row.step()) cancelling.push_back(row.integer(0));
  }
  for (JobId job : cancelling) complete_cancellation(job);
  return rescue_all({}, "LEASE_EXPIRED", random01);
}

std::vector<Rescued> SqliteJobStore::rescue_worker(std::string_view worker_id, const Random01& random01) {
  return rescue_all(worker_id, "WORKER_DIED", random01);
}

std::vector<Rescued> SqliteJobStore::rescue_all(std::optional<std::string_view> worker_id, std::string_view reason_code,
                                                const Random01& random01) {
  std::vector<Rescued> rescued;
  for (;;) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    const std::int64_t now_ms = clock_.now_ms();
    std::vector<LeaseId> leases;
    {
      // Of one worker all leases, else of all workers those that have expired.
      Query row = worker_id ? database_.query(
                                  "SELECT task.id, token FROM task INDEXED BY task_held JOIN job ON job.id = job_id "
                                  "WHERE task.state = 'LEASED' AND worker_id = ?1 AND job.state = 'RUNNING' LIMIT ?2",
                                  *worker_id, kChunk)
                            : database_.query(
                                  "SELECT task.id, token FROM task INDEXED BY task_leased JOIN job ON job.id = job_id "
                                  "WHERE task.state = 'LEASED' AND lease_expires_ms <= ?1 AND job.state = 'RUNNING' "
                                  "LIMIT ?2",
                                  now_ms, kChunk);
      while (row.step()) leases.push_back({row.integer(0), row.integer(1)});
    }
    if (leases.empty()) return rescued;
    for (const LeaseId& lease : leases) {
      const std::optional<Held> holder = held(lease);
      if (!holder) continue;
      const std::string message = worker_id ? "the worker '" + holder->worker_id + "' died while it held the task"
                                            : "the worker '" + holder->worker_id + "' was not heard of in time";
      const RetryDecision decision =
          end_badly(*holder, {FailureClass::kInfra, true}, "LOST", reason_code, message, now_ms, random01());
      rescued.push_back({lease, holder->worker_id, decision.state});
    }
    transaction.commit();
  }
}

std::vector<std::string> SqliteJobStore::lease_holders(JobId job) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> holders;
  Query row = database_.query(
      "SELECT DISTINCT worker_id FROM task INDEXED BY task_state WHERE job_id = ? AND state = 'LEASED' ORDER BY "
      "worker_id",
      job);
  while (row.step()) holders.push_back(row.text(0));
  return holders;
}

std::optional<std::int64_t> SqliteJobStore::next_ready_ms(JobId job, std::string_view worker_id,
                                                          const ClaimFilter& filter) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_, Transaction::Kind::kRead);
  if (state_of(job) != JobState::kRunning) return std::nullopt;
  const Holdings holds = holdings(worker_id);
  Query row = database_.query(
      "SELECT min(CASE WHEN state = 'LEASED' THEN lease_expires_ms "
      "                WHEN ?3 OR avoid_worker IS NULL OR avoid_worker <> ?2 THEN not_before_ms "
      "                ELSE max(not_before_ms, avoid_until_ms) END) "
      "FROM task INDEXED BY task_state WHERE job_id = ?1 AND (?4 IS NULL OR album = ?4) "
      "AND (state = 'LEASED' AND worker_id <> ?2 OR state IN ('PENDING', 'RETRYING') AND run_alone <= ?5)",
      job, worker_id, filter.sole_worker, album_of(filter),
      holds.is_alone     ? -1
      : holds.leases > 0 ? 0
                         : 1);
  row.step();
  return row.optional_integer(0);
}

}  // namespace lathe::scheduler
