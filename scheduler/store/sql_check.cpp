// The audit of a store: queries that must find nothing.
#include "scheduler/store/sql_job_store.h"

namespace lathe::scheduler {
namespace {

struct Invariant {
  std::string_view sentence;  // said of each id found
  std::string_view violations;
};

constexpr Invariant kInvariants[] = {
    {"job: has not as many tasks as are noted",
     "SELECT id FROM job WHERE task_count <> (SELECT count(*) FROM task WHERE job_id = job.id)"},
    {"job: has ended, and a task of it has not",
     "SELECT id FROM job WHERE state IN ('SUCCEEDED', 'SUCCEEDED_WITH_FAILURES', 'CANCELLED') AND EXISTS "
     "(SELECT 1 FROM task WHERE job_id = job.id AND task.state IN ('PENDING', 'LEASED', 'RETRYING'))"},
    {"job: all its tasks have ended, and it has not",
     "SELECT id FROM job WHERE state IN ('RUNNING', 'PAUSED') AND NOT EXISTS "
     "(SELECT 1 FROM task WHERE job_id = job.id AND task.state IN ('PENDING', 'LEASED', 'RETRYING'))"},
    {"job: its end does not agree with its tasks",
     "SELECT id FROM job WHERE state IN ('SUCCEEDED', 'SUCCEEDED_WITH_FAILURES') AND (state = 'SUCCEEDED') = "
     "(EXISTS (SELECT 1 FROM task WHERE job_id = job.id AND task.state NOT IN ('DONE', 'UNCHANGED')))"},
    {"job: has an end without its time, or a time without its end",
     "SELECT id FROM job WHERE (finished_ms IS NULL) <> (state IN ('ACCEPTING', 'RUNNING', 'PAUSED', 'CANCELLING'))"},
    {"job: its events have gaps",
     "{sqlite: SELECT job_id FROM event GROUP BY job_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1}"
     "{postgres: SELECT 0::bigint WHERE false}"},
    {"task: is cancelled, and its job is not",
     "SELECT task.id FROM task JOIN job ON job.id = job_id "
     "WHERE task.state = 'CANCELLED' AND job.state NOT IN ('CANCELLING', 'CANCELLED')"},
    {"task: its token is not the number of its attempts",
     "SELECT id FROM task WHERE task.token <> (SELECT count(*) FROM attempt WHERE task_id = task.id) "
     "OR task.token <> (SELECT coalesce(max(attempt.token), 0) FROM attempt WHERE task_id = task.id)"},
    {"task: has an attempt that runs, and no lease for it",
     "SELECT task.id FROM attempt JOIN task ON task.id = task_id "
     "WHERE attempt.outcome = 'RUNNING' AND (task.state <> 'LEASED' OR task.token <> attempt.token OR task.worker_id "
     "<> "
     "attempt.worker_id)"},
    {"task: is leased without an attempt",
     "SELECT id FROM task WHERE state = 'LEASED' AND NOT EXISTS "
     "(SELECT 1 FROM attempt WHERE task_id = task.id AND attempt.token = task.token AND outcome = 'RUNNING')"},
    {"task: has not exactly one committed attempt, the last, and is done",
     "SELECT id FROM task WHERE state IN ('DONE', 'UNCHANGED') AND coalesce((SELECT max(attempt.token) FROM attempt "
     "WHERE task_id = task.id AND outcome = 'COMMITTED' HAVING count(*) = 1), -1) <> task.token"},
    {"task: has a committed attempt, and is not done",
     "SELECT task.id FROM task JOIN attempt ON task_id = task.id "
     "WHERE outcome = 'COMMITTED' AND task.state NOT IN ('DONE', 'UNCHANGED')"},
    {"task: has not exactly one event that says it is done",
     "SELECT task.id FROM task LEFT JOIN (SELECT task_id, state, count(*) AS n FROM event GROUP BY task_id, state) AS "
     "said "
     "ON said.task_id = task.id AND said.state = task.state "
     "WHERE task.state IN ('DONE', 'UNCHANGED') AND coalesce(n, 0) <> 1"},
    {"task: has more failures noted than attempts that failed",
     "SELECT id FROM task WHERE infra_failures + task_failures + crashes > "
     "(SELECT count(*) FROM attempt WHERE task_id = task.id AND outcome IN ('FAILED', 'LOST')) OR lost_leases > "
     "infra_failures"},
    {"task: wrote a file that is noted as committed twice",
     "SELECT min(task_id) FROM output WHERE committed = 1 GROUP BY path HAVING count(*) > 1"},
    {"job: its tally is not the number of its tasks, or not their cost",
     "SELECT coalesce(counted.job_id, noted.job_id) FROM (SELECT job_id, state, count(*) AS n, sum(predicted_cost) AS "
     "cost "
     "FROM task GROUP BY job_id, state) AS counted FULL JOIN (SELECT job_id, state, sum(n) AS n, sum(cost) AS cost "
     "FROM job_tally GROUP BY job_id, state) AS noted ON counted.job_id = noted.job_id AND counted.state = noted.state "
     "WHERE coalesce(counted.n, 0) <> coalesce(noted.n, 0) OR abs(coalesce(counted.cost, 0) - coalesce(noted.cost, 0)) "
     "> "
     "1e-6 * (1 + (SELECT sum(predicted_cost) FROM task WHERE task.job_id = coalesce(counted.job_id, noted.job_id)))"},
    {"job: an album is tied to an engine, and nothing of it is leased or done",
     "SELECT pin.job_id FROM album_engine AS pin LEFT JOIN (SELECT DISTINCT job_id, album, engine FROM task "
     "WHERE engine <> '' AND state IN ('LEASED', 'DONE', 'UNCHANGED')) AS held "
     "ON held.job_id = pin.job_id AND held.album = pin.album AND held.engine = pin.engine "
     "JOIN job ON job.id = pin.job_id WHERE held.job_id IS NULL AND job.state NOT IN ('CANCELLING', 'CANCELLED')"},
    {"job: an album was made by two engines",
     "SELECT job_id FROM task WHERE engine <> '' AND album <> {sqlite: X''}{postgres: ''::bytea} "
     "AND state IN ('LEASED', 'DONE', 'UNCHANGED') GROUP BY job_id, album HAVING min(engine) <> max(engine)"},
    {"task: belongs to no job", "SELECT task.id FROM task LEFT JOIN job ON job.id = task.job_id WHERE job.id IS NULL"},
    {"task: has attempts, and is not there",
     "SELECT task_id FROM attempt LEFT JOIN task ON task.id = task_id WHERE task.id IS NULL"},
    {"event: is numbered above what can be numbered now",
     "{sqlite: SELECT 0 WHERE false}"
     "{postgres: SELECT job_id FROM event WHERE sequence >= (SELECT base FROM number_base) + "
     "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1) * 16384 LIMIT 1}"},
};

}  // namespace

std::vector<std::string> check_records(SqlTransaction& transaction) {
  std::vector<std::string> findings;
  for (const Invariant& invariant : kInvariants) {
    Rows row = transaction.query(invariant.violations);
    while (row.step()) {
      std::string finding(invariant.sentence);
      finding.insert(finding.find(':'), " " + std::to_string(row.integer(0)));
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

std::vector<std::string> SqlJobStore::check() {
  return read([](SqlTransaction& transaction) {
    std::vector<std::string> findings = transaction.connection().check_storage();
    std::vector<std::string> of_records = check_records(transaction);
    findings.insert(findings.end(), of_records.begin(), of_records.end());
    return findings;
  });
}

}  // namespace lathe::scheduler
