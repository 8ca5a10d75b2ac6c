// The audit of a store in SQLite: queries that must find nothing.
#include "scheduler/store/sqlite_job_store.h"

namespace lathe::scheduler {
namespace {

struct Invariant {
  std::string_view sentence;  // said of each id found
  std::string_view violations;
};

constexpr Invariant kInvariants[] = {
    {"job: has not as many tasks as it was submitted with",
     "SELECT id FROM job WHERE state NOT IN ('ACCEPTING', 'CANCELLING', 'CANCELLED') "
     "AND task_count <> (SELECT count(*) FROM task WHERE job_id = job.id)"},
    {"job: has ended, and a task of it has not",
     "SELECT id FROM job WHERE state IN ('SUCCEEDED', 'SUCCEEDED_WITH_FAILURES', 'CANCELLED') AND EXISTS "
     "(SELECT 1 FROM task WHERE job_id = job.id AND task.state IN ('PENDING', 'LEASED', 'RETRYING'))"},
    {"job: all its tasks have ended, and it has not",
     "SELECT id FROM job WHERE state = 'RUNNING' AND NOT EXISTS "
     "(SELECT 1 FROM task WHERE job_id = job.id AND task.state IN ('PENDING', 'LEASED', 'RETRYING'))"},
    {"job: its end does not agree with its tasks",
     "SELECT id FROM job WHERE state IN ('SUCCEEDED', 'SUCCEEDED_WITH_FAILURES') AND (state = 'SUCCEEDED') <> NOT "
     "EXISTS "
     "(SELECT 1 FROM task WHERE job_id = job.id AND task.state NOT IN ('DONE', 'UNCHANGED'))"},
    {"job: has an end without its time, or a time without its end",
     "SELECT id FROM job WHERE (finished_ms IS NULL) <> (state IN ('ACCEPTING', 'RUNNING', 'CANCELLING'))"},
    {"job: its events have gaps",
     "SELECT job_id FROM event GROUP BY job_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1"},
    {"task: is cancelled, and its job is not",
     "SELECT task.id FROM task JOIN job ON job.id = job_id "
     "WHERE task.state = 'CANCELLED' AND job.state NOT IN ('CANCELLING', 'CANCELLED')"},
    {"task: its token is not the number of its attempts",
     "SELECT id FROM task WHERE token <> (SELECT count(*) FROM attempt WHERE task_id = id) "
     "OR token <> (SELECT coalesce(max(attempt.token), 0) FROM attempt WHERE task_id = id)"},
    {"task: has an attempt that runs, and no lease for it",
     "SELECT task.id FROM attempt JOIN task ON task.id = task_id "
     "WHERE outcome = 'RUNNING' AND (state <> 'LEASED' OR task.token <> attempt.token OR task.worker_id <> "
     "attempt.worker_id)"},
    {"task: is leased without an attempt",
     "SELECT id FROM task WHERE state = 'LEASED' AND NOT EXISTS "
     "(SELECT 1 FROM attempt WHERE task_id = id AND attempt.token = task.token AND outcome = 'RUNNING')"},
    {"task: has not exactly one committed attempt, the last, and is done",
     "SELECT id FROM task WHERE state IN ('DONE', 'UNCHANGED') AND NOT coalesce((SELECT count(*) = 1 AND max(token) = "
     "task.token FROM attempt WHERE task_id = id AND outcome = 'COMMITTED'), 0)"},
    {"task: has a committed attempt, and is not done",
     "SELECT task.id FROM task JOIN attempt ON task_id = task.id "
     "WHERE outcome = 'COMMITTED' AND state NOT IN ('DONE', 'UNCHANGED')"},
    {"task: has not exactly one event that says it is done",
     "SELECT task.id FROM task LEFT JOIN (SELECT task_id, state, count(*) AS n FROM event GROUP BY task_id, state) AS "
     "said "
     "ON said.task_id = task.id AND said.state = task.state "
     "WHERE task.state IN ('DONE', 'UNCHANGED') AND coalesce(n, 0) <> 1"},
    {"task: has more failures noted than attempts that failed",
     "SELECT id FROM task WHERE infra_failures + task_failures + crashes > "
     "(SELECT count(*) FROM attempt WHERE task_id = id AND outcome IN ('FAILED', 'LOST')) OR lost_leases > "
     "infra_failures"},
    {"task: wrote a file that is noted as committed twice",
     "SELECT task_id FROM output WHERE committed GROUP BY path HAVING count(*) > 1"},
};

}  // namespace

std::vector<std::string> SqliteJobStore::check() {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_, Transaction::Kind::kRead);
  std::vector<std::string> findings;
  {
    Query row = database_.query("PRAGMA integrity_check(20)");
    while (row.step()) {
      if (row.text(0) != "ok") findings.push_back("storage: " + row.text(0));
    }
  }
  {
    Query row = database_.query("PRAGMA foreign_key_check");
    while (row.step()) {
      findings.push_back("storage: row " + row.text(1) + " of " + row.text(0) + " belongs to nothing in " +
                         row.text(2));
    }
  }
  for (const Invariant& invariant : kInvariants) {
    Query row = database_.query(invariant.violations);
    while (row.step()) {
      std::string finding(invariant.sentence);
      finding.insert(finding.find(':'), " " + std::to_string(row.integer(0)));
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace lathe::scheduler
