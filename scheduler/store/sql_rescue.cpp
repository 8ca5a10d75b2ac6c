// Leases that their workers do not end any more.
#include <set>

#include "scheduler/store/sql_job_store.h"

namespace lathe::scheduler {
namespace {

// Leases taken back a transaction.
constexpr int kChunk = 1'000;

}  // namespace

std::vector<Rescued> SqlJobStore::rescue_expired(const Random01& random01) {
  for (const JobId job : jobs_in("'CANCELLING'")) complete_cancellation(job);
  std::vector<Rescued> rescued = rescue_all({}, "LEASE_EXPIRED", random01);
  // A job whose last tasks ended without anybody seeing that they were the last, should that ever be.
  for (const JobId job : jobs_in("'RUNNING', 'PAUSED'")) {
    if (counts(job).unfinished() > 0) continue;
    write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
      end_job_if_all_ended(transaction, job);
      return true;
    });
  }
  return rescued;
}

std::vector<Rescued> SqlJobStore::rescue_worker(std::string_view worker_id, const Random01& random01) {
  return rescue_all(worker_id, "WORKER_DIED", random01);
}

// What is looked for is looked at again once its row is locked; what others hold is being ended, or renewed, just now.
std::vector<Rescued> SqlJobStore::rescue_all(std::optional<std::string_view> worker_id, std::string_view reason_code,
                                             const Random01& random01) {
  std::vector<Rescued> rescued;
  const std::string found_by =
      worker_id ? "FROM task {sqlite: INDEXED BY task_held} JOIN job ON job.id = task.job_id WHERE worker_id = ?1 "
                : "FROM job JOIN task {sqlite: INDEXED BY task_leased} ON job.id = task.job_id "
                  "WHERE lease_expires_ms <= ?1 ";
  const std::string sql =
      "SELECT task.id, token, job_id, worker_id, infra_failures, lost_leases, task_failures, crashes, predicted_cost, "
      "album, engine " +
      found_by + "AND task.state = 'LEASED' AND job.state IN ('RUNNING', 'PAUSED') LIMIT ?2 " +
      "{postgres: FOR UPDATE OF task SKIP LOCKED}";
  for (;;) {
    const std::vector<Rescued> chunk = write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
      std::vector<Held> lost;
      {
        Rows row = worker_id ? transaction.query(sql, *worker_id, kChunk)
                             : transaction.query(sql, transaction.now_ms(), kChunk);
        while (row.step()) {
          lost.push_back({{row.integer(0), row.integer(1)},
                          row.integer(2),
                          row.text(3),
                          {row.small(4), row.small(5), row.small(6), row.small(7)},
                          row.real(8),
                          row.bytes(9),
                          row.text(10)});
        }
      }
      std::vector<Rescued> done;
      std::set<JobId> jobs;
      for (const Held& lease : lost) {
        const std::string message = worker_id ? "the worker '" + lease.worker_id + "' died while it held the task"
                                              : "the worker '" + lease.worker_id + "' was not heard of in time";
        const RetryDecision decision =
            end_badly(transaction, lease, {FailureClass::kInfra, true}, "LOST", reason_code, message, random01());
        done.push_back({lease.lease, lease.worker_id, decision.state});
        jobs.insert(lease.job_id);
      }
      for (const JobId job : jobs) end_job_if_all_ended(transaction, job);
      return done;
    });
    if (chunk.empty()) return rescued;
    rescued.insert(rescued.end(), chunk.begin(), chunk.end());
  }
}

std::vector<std::string> SqlJobStore::lease_holders(JobId job) {
  return ask([&](SqlConnection& connection) {
    std::vector<std::string> holders;
    Rows row = connection.query(
        "SELECT DISTINCT worker_id FROM task {sqlite: INDEXED BY task_leased} WHERE job_id = ?1 AND state = 'LEASED' "
        "ORDER BY worker_id",
        job);
    while (row.step()) holders.push_back(row.text(0));
    return holders;
  });
}

}  // namespace lathe::scheduler
