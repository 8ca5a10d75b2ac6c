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
  const int most = request.max_tasks + request.spare;
  if (request.max_tasks < 0 || request.spare < 0 || most < 1 || most > 1'000) {
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

// The first claim of an album by an engine ties it to that engine. Each later one locks that row against its deletion,
// beside all others that do so.
void SqlJobStore::pin_album(SqlTransaction& transaction, const Lease& lease, const std::string& engine) {
  if (engine.empty() || lease.album.empty()) return;
  const Bytes album{lease.album};
  const auto is_pinned = [&] {
    Rows row =
        transaction.query("SELECT engine FROM album_engine WHERE job_id = ?1 AND album = ?2 {postgres: FOR KEY SHARE}",
                          lease.job_id, album);
    if (!row.step()) return false;
    if (row.text(0) == engine) return true;
    throw SqlInterrupted(SqlInterrupted::Kind::kConflict, "an album was just taken by another engine");
  };
  if (is_pinned()) return;
  const std::int64_t pinned = transaction.run(
      "INSERT INTO album_engine (job_id, album, engine) VALUES (?1, ?2, ?3) ON CONFLICT (job_id, album) DO NOTHING",
      lease.job_id, album, engine);
  if (pinned == 1 || is_pinned()) return;
  throw SqlInterrupted(SqlInterrupted::Kind::kConflict, "an album was just given up by another worker");
}

// An album of which nothing is leased or done any more may go to another engine. Its row is locked first: whoever is
// just claiming of it is waited for, and seen by the statement that follows.
void SqlJobStore::unpin_album(SqlTransaction& transaction, const Held& held) {
  if (held.engine.empty() || held.album.empty()) return;
  const Bytes album{held.album};
  {
    Rows row = transaction.query("SELECT 1 FROM album_engine WHERE job_id = ?1 AND album = ?2 {postgres: FOR UPDATE}",
                                 held.job_id, album);
    if (!row.step()) return;
  }
  transaction.run(
      "DELETE FROM album_engine WHERE job_id = ?1 AND album = ?2 AND NOT EXISTS (SELECT 1 FROM task "
      "{sqlite: INDEXED BY task_album} WHERE job_id = ?1 AND album = ?2 AND state IN ('LEASED', 'DONE', 'UNCHANGED') "
      "AND engine <> '')",
      held.job_id, album);
}

// The rows that are found are locked with the finding of them, so the change that follows cannot miss. Others who look
// meanwhile skip them.
std::vector<SqlJobStore::Ready> SqlJobStore::find_ready(SqlTransaction& transaction, JobId job,
                                                        const ClaimRequest& request, Waiting waiting,
                                                        std::int64_t from_rank, int most) {
  const bool is_fresh = waiting == Waiting::kFresh, run_alone = waiting == Waiting::kReturnedAlone;
  static constexpr std::string_view kColumns =
      "SELECT id, token, position, input, album, predicted_cost, payload_json, infra_failures, lost_leases, "
      "task_failures, crashes, state, plan_rank FROM task ";
  static constexpr std::string_view kFresh =
      "{sqlite: INDEXED BY task_fresh} WHERE job_id = ?1 AND state = 'PENDING' AND token = 0 ";
  static constexpr std::string_view kReturned =
      "{sqlite: INDEXED BY task_returned} WHERE job_id = ?1 AND run_alone = ?8 AND state IN ('PENDING', 'RETRYING') "
      "AND token > 0 AND not_before_ms <= ?6 "
      "AND (?7 = 1 OR avoid_worker IS NULL OR avoid_worker <> ?9 OR avoid_until_ms <= ?6) ";
  static constexpr std::string_view kFitting =
      "AND plan_rank >= ?2 AND memory_bytes <= ?3 AND (?4 = '' OR NOT EXISTS (SELECT 1 FROM album_engine AS pin "
      "WHERE pin.job_id = task.job_id AND pin.album = task.album AND pin.engine <> ?4)) "
      "ORDER BY plan_rank, position LIMIT ?5 {postgres: FOR UPDATE OF task SKIP LOCKED}";
  static const std::string kFindFresh = std::string(kColumns).append(kFresh).append(kFitting);
  static const std::string kFindReturned = std::string(kColumns).append(kReturned).append(kFitting);
  Rows row = is_fresh ? transaction.query(kFindFresh, job, from_rank, request.memory_bytes, request.engine, most)
                      : transaction.query(kFindReturned, job, from_rank, request.memory_bytes, request.engine, most,
                                          transaction.now_ms(), request.sole_worker, run_alone, request.worker_id);
  std::vector<Ready> ready;
  while (row.step()) {
    ready.push_back({{{row.integer(0), row.integer(1) + 1},
                      job,
                      row.integer(2),
                      row.bytes(3),
                      row.bytes(4),
                      row.real(5),
                      row.text(6),
                      {row.small(7), row.small(8), row.small(9), row.small(10)},
                      run_alone,
                      transaction.now_ms() + request.lease_ms},
                     row.integer(12),
                     task_state_named(row.text(11))});
  }
  return ready;
}

// Beyond max_tasks only short ones, those claimed of other jobs counted.
void SqlJobStore::drop_what_is_too_long(std::vector<Ready>& ready, const ClaimRequest& request,
                                        const std::vector<Lease>& leases) {
  double cost = 0;
  for (std::size_t i = static_cast<std::size_t>(request.max_tasks); i < leases.size() + ready.size(); ++i) {
    const bool is_claimed = i < leases.size();
    cost += is_claimed ? leases[i].predicted_cost : ready[i - leases.size()].lease.predicted_cost;
    if (cost <= request.spare_cost || is_claimed) continue;
    ready.resize(i - leases.size());
    return;
  }
}

void SqlJobStore::claim_of_job(SqlTransaction& transaction, JobId job, const ClaimRequest& request, bool run_alone,
                               std::vector<Lease>& leases) {
  const int wanted = run_alone ? 1 : request.max_tasks + request.spare - static_cast<int>(leases.size());
  std::vector<Ready> ready = find_ready(transaction, job, request,
                                        run_alone ? Waiting::kReturnedAlone : Waiting::kReturned, INT64_MIN, wanted);
  if (!run_alone) {
    const std::vector<Ready> fresh =
        find_ready(transaction, job, request, Waiting::kFresh, front_.of(transaction, job), wanted);
    ready.insert(ready.end(), fresh.begin(), fresh.end());
    std::stable_sort(ready.begin(), ready.end(), [](const Ready& a, const Ready& b) {
      return std::pair(a.plan_rank, a.lease.position) < std::pair(b.plan_rank, b.lease.position);
    });
    if (std::ssize(ready) > wanted) ready.resize(static_cast<std::size_t>(wanted));
    drop_what_is_too_long(ready, request, leases);
  }
  for (const auto& [lease, rank, was] : ready) {
    transaction.run(
        "UPDATE task SET state = 'LEASED', token = ?2, worker_id = ?3, lease_expires_ms = ?4, changed_ms = ?5, "
        "engine = ?6 WHERE id = ?1",
        lease.id.task_id, lease.id.token, request.worker_id, lease.expires_ms, transaction.now_ms(), request.engine);
    pin_album(transaction, lease, request.engine);
    transaction.run("INSERT INTO attempt (task_id, token, worker_id, started_ms) VALUES (?1, ?2, ?3, ?4)",
                    lease.id.task_id, lease.id.token, request.worker_id, transaction.now_ms());
    transaction.add_event(job, lease.id.task_id, to_string(TaskState::kLeased));
    transaction.count(job, was, TaskState::kLeased, lease.predicted_cost);
    leases.push_back(lease);
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
      if (std::ssize(leases) >= request.max_tasks + request.spare) break;
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
