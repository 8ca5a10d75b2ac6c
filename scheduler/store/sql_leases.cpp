// Leases: handing tasks out, and taking them back.
#include <algorithm>
#include <map>
#include <stdexcept>

#include "scheduler/store/sql_job_store.h"

namespace lathe::scheduler {
namespace {

void check_request(const ClaimRequest& request) {
  if (request.worker_id.empty()) throw std::invalid_argument("a worker needs an id");
  check_text("a worker's id", request.worker_id);
  check_text("an engine", request.engine);
  if (request.lease_ms <= 0) throw std::invalid_argument("a lease must last for more than 0 ms");
  if (request.max_tasks < 1 || request.max_tasks > 1'000) {
    throw std::invalid_argument("a claim is for 1 to 1000 tasks");
  }
}

struct Holdings {
  std::int64_t leases = 0;
  bool is_alone = false;  // one of them must run alone
  bool may_claim = false;
};

Holdings holdings(SqlTransaction& transaction, const std::string& worker_id) {
  Rows row = transaction.query(
      "SELECT count(*), coalesce(max(run_alone), 0), (SELECT count(*) FROM worker WHERE id = ?1 AND state = 'ACTIVE') "
      "FROM task {sqlite: INDEXED BY task_held} WHERE state = 'LEASED' AND worker_id = ?1",
      worker_id);
  row.step();
  return {row.integer(0), row.integer(1) != 0, row.integer(2) == 1};
}

}  // namespace

// The jobs that have something waiting, in their order.
std::vector<JobDemand> SqlJobStore::candidates(SqlTransaction& transaction, const ClaimRequest& request) {
  if (request.job) {
    Rows row = transaction.query("SELECT kind FROM job WHERE id = ?1 AND state = 'RUNNING'", *request.job);
    const bool is_wanted = row.step() && (request.kinds.empty() || std::find(request.kinds.begin(), request.kinds.end(),
                                                                             row.text(0)) != request.kinds.end());
    return is_wanted ? std::vector{JobDemand{*request.job, {}, 0, {}, 0}} : std::vector<JobDemand>{};
  }
  std::vector<JobDemand> jobs;
  std::map<std::string, double> leased_cost;
  Rows row = transaction.query(
      "SELECT job.id, space, priority, finish_by_ms, created_ms, job.state, kind, "
      "sum(CASE WHEN job_tally.state = 'LEASED' THEN 0 ELSE n END), "
      "sum(CASE WHEN job_tally.state = 'LEASED' THEN cost ELSE 0.0 END) "
      "FROM job {sqlite: INDEXED BY job_active} JOIN job_tally ON job_id = job.id "
      "WHERE job.state IN ('RUNNING', 'PAUSED') AND job_tally.state IN ('PENDING', 'RETRYING', 'LEASED') "
      "GROUP BY job.id, space, priority, finish_by_ms, created_ms, job.state, kind");
  while (row.step()) {
    JobDemand job{row.integer(0), row.text(1), row.small(2), row.optional_integer(3), row.integer(4)};
    leased_cost[job.space] += row.real(8);
    if (row.text(5) != to_string(JobState::kRunning) || row.integer(7) <= 0) continue;
    const bool is_wanted = request.kinds.empty() ||
                           std::find(request.kinds.begin(), request.kinds.end(), row.text(6)) != request.kinds.end();
    if (is_wanted) jobs.push_back(std::move(job));
  }
  return order_jobs(std::move(jobs), leased_cost, {});
}

// A track's lease counts for the engine of its album, until it ends otherwise than by a commit: so an album belongs to
// one engine while anything of it is leased or done, and may go to another one when nothing came of it.
void SqlJobStore::pin_album(SqlTransaction& transaction, const Lease& lease, const std::string& engine) {
  if (engine.empty() || lease.album.empty()) return;
  const std::int64_t pinned = transaction.run(
      "INSERT INTO album_engine (job_id, album, engine, holds) VALUES (?1, ?2, ?3, 1) ON CONFLICT (job_id, album) "
      "DO UPDATE SET holds = album_engine.holds + 1 WHERE album_engine.engine = excluded.engine",
      lease.job_id, Bytes{lease.album}, engine);
  if (pinned == 0) throw SqlInterrupted(SqlInterrupted::Kind::kConflict, "an album was just taken by another engine");
}

void SqlJobStore::unpin_album(SqlTransaction& transaction, const Held& held) {
  if (held.engine.empty() || held.album.empty()) return;
  const Bytes album{held.album};
  if (transaction.run("DELETE FROM album_engine WHERE job_id = ?1 AND album = ?2 AND holds <= 1", held.job_id, album) ==
      0) {
    transaction.run("UPDATE album_engine SET holds = holds - 1 WHERE job_id = ?1 AND album = ?2", held.job_id, album);
  }
}

// The row that is found is locked with the finding of it, so the change that follows cannot miss. Others who look
// meanwhile skip it.
void SqlJobStore::claim_of_job(SqlTransaction& transaction, JobId job, const ClaimRequest& request, bool run_alone,
                               std::vector<Lease>& leases) {
  const std::size_t first = leases.size();
  const std::int64_t now_ms = transaction.now_ms(), expires_ms = now_ms + request.lease_ms;
  const int wanted = run_alone ? 1 : request.max_tasks - static_cast<int>(first);
  std::vector<TaskState> was;
  {
    Rows row = transaction.query(
        "SELECT id, token, position, input, album, predicted_cost, payload_json, infra_failures, lost_leases, "
        "task_failures, crashes, state FROM task {sqlite: INDEXED BY task_ready} "
        "WHERE job_id = ?1 AND run_alone = ?2 AND state IN ('PENDING', 'RETRYING') AND not_before_ms <= ?3 "
        "AND (?4 = 1 OR avoid_worker IS NULL OR avoid_worker <> ?5 OR avoid_until_ms <= ?3) AND memory_bytes <= ?6 "
        "AND (?7 = '' OR NOT EXISTS (SELECT 1 FROM album_engine AS pin "
        "WHERE pin.job_id = task.job_id AND pin.album = task.album AND pin.engine <> ?7)) "
        "ORDER BY plan_rank, position LIMIT ?8 {postgres: FOR UPDATE OF task SKIP LOCKED}",
        job, run_alone, now_ms, request.sole_worker, request.worker_id, request.memory_bytes, request.engine, wanted);
    while (row.step()) {
      leases.push_back({{row.integer(0), row.integer(1) + 1},
                        job,
                        row.integer(2),
                        row.bytes(3),
                        row.bytes(4),
                        row.real(5),
                        row.text(6),
                        {row.small(7), row.small(8), row.small(9), row.small(10)},
                        run_alone,
                        expires_ms});
      was.push_back(task_state_named(row.text(11)));
    }
  }
  for (std::size_t i = first; i < leases.size(); ++i) {
    const Lease& lease = leases[i];
    transaction.run(
        "UPDATE task SET state = 'LEASED', token = ?2, worker_id = ?3, lease_expires_ms = ?4, changed_ms = ?5, "
        "engine = ?6 WHERE id = ?1",
        lease.id.task_id, lease.id.token, request.worker_id, expires_ms, now_ms, request.engine);
    pin_album(transaction, lease, request.engine);
    transaction.run("INSERT INTO attempt (task_id, token, worker_id, started_ms) VALUES (?1, ?2, ?3, ?4)",
                    lease.id.task_id, lease.id.token, request.worker_id, now_ms);
    transaction.add_event(job, lease.id.task_id, to_string(TaskState::kLeased));
    transaction.count(job, was[i - first], TaskState::kLeased, lease.predicted_cost);
  }
}

std::vector<Lease> SqlJobStore::claim(const ClaimRequest& request) {
  check_request(request);
  return write(Repeat::kNever, [&](SqlTransaction& transaction, bool) {
    std::vector<Lease> leases;
    const Holdings holds = holdings(transaction, request.worker_id);
    if (!holds.may_claim || holds.is_alone) return leases;
    for (const JobDemand& job : candidates(transaction, request)) {
      claim_of_job(transaction, job.id, request, false, leases);
      if (std::ssize(leases) >= request.max_tasks) break;
      if (!leases.empty() || holds.leases > 0) continue;
      claim_of_job(transaction, job.id, request, true, leases);
      if (!leases.empty()) break;
    }
    return leases;
  });
}

// Tasks before the worker: see the order of locks in SqlTransaction.
Heartbeat SqlJobStore::heartbeat(std::string_view worker_id, const std::vector<LeaseId>& leases, std::int64_t lease_ms,
                                 std::string_view status_json) {
  if (worker_id.empty()) throw std::invalid_argument("a worker needs an id");
  check_text("a worker's id", worker_id);
  check_text("a worker's status", status_json);
  if (lease_ms <= 0) throw std::invalid_argument("a lease must last for more than 0 ms");
  std::vector<LeaseId> in_order = leases;
  std::sort(in_order.begin(), in_order.end(), [](const LeaseId& a, const LeaseId& b) { return a.task_id < b.task_id; });
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) -> Heartbeat {
    WorkerState state = WorkerState::kGone;
    {
      Rows row = transaction.query("SELECT state FROM worker WHERE id = ?1", worker_id);
      if (row.step()) state = worker_state_named(row.text(0));
    }
    if (state == WorkerState::kGone) return {leases, state};
    std::vector<LeaseId> lost;
    for (const LeaseId& lease : in_order) {
      const std::int64_t changed = transaction.run(
          "UPDATE task SET lease_expires_ms = ?4 WHERE id = ?1 AND token = ?2 AND worker_id = ?3 AND state = 'LEASED' "
          "AND (SELECT state FROM job WHERE job.id = task.job_id) IN ('RUNNING', 'PAUSED')",
          lease.task_id, lease.token, worker_id, transaction.now_ms() + lease_ms);
      if (changed != 1) lost.push_back(lease);
    }
    transaction.run("UPDATE worker SET seen_ms = ?2, status_json = ?3 WHERE id = ?1 AND state <> 'GONE'", worker_id,
                    transaction.now_ms(), status_json);
    return {lost, state};
  });
}

bool SqlJobStore::release(const LeaseId& lease) {
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool may_be_done) {
    const std::optional<Held> holder = held(transaction, lease);
    if (!holder) {
      if (!may_be_done) return false;
      Rows row = transaction.query("SELECT 1 FROM attempt WHERE task_id = ?1 AND token = ?2 AND outcome = 'RELEASED'",
                                   lease.task_id, lease.token);
      return row.step();
    }
    transaction.run(
        "UPDATE task SET state = 'PENDING', worker_id = NULL, lease_expires_ms = NULL, changed_ms = ?3 "
        "WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
        lease.task_id, lease.token, transaction.now_ms());
    end_attempt(transaction, lease, "RELEASED");
    unpin_album(transaction, *holder);
    transaction.add_event(holder->job_id, lease.task_id, to_string(TaskState::kPending));
    transaction.count(holder->job_id, TaskState::kLeased, TaskState::kPending, holder->cost);
    return true;
  });
}

}  // namespace lathe::scheduler
