#include "tests/scheduler/simulation/planted_bugs.h"

namespace lathe::scheduler::simulation {
namespace {

// An edited statement still names all its arguments: SQLite refuses one too many.
const std::vector<PlantedBug>& bugs() {
  static const std::vector<PlantedBug> kBugs{
      {.name = "no-token-check",
       .sentence = "an attempt ends whatever its token",
       .found_within = 600,
       .edits = {{"WHERE task.id = ?1 AND token = ?2 AND task.state = 'LEASED'",
                  "WHERE task.id = ?1 AND ?2 > 0 AND task.state = 'LEASED'"},
                 {"changed_ms = ?5 WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
                  "changed_ms = ?5 WHERE id = ?1 AND ?2 > 0 AND state = 'LEASED'"}}},
      {.name = "rescue-without-second-look",
       .sentence = "a rescue writes what it found a while ago, without looking at state and token again",
       .edits = {{"changed_ms = ?14 WHERE id = ?1 AND token = ?2 AND state = 'LEASED'",
                  "changed_ms = ?14 WHERE id = ?1 AND ?2 > 0"}},
       .replayed = "FROM job JOIN task"},
      {.name = "heartbeat-revives",
       .sentence = "a heartbeat renews a lease that is another worker's by now",
       .found_within = 300,
       .edits = {{"WHERE id = ?1 AND token = ?2 AND worker_id = ?3 AND state = 'LEASED'",
                  "WHERE id = ?1 AND ?2 > 0 AND ?3 <> '' AND state = 'LEASED'"}}},
      {.name = "lost-is-ignored",
       .sentence = "a worker goes on with a lease that it was told it lost",
       .found_within = 200,
       .worker_ignores_lost = true},
      {.name = "no-fence",
       .sentence = "a worker goes on with a lease that it could not renew",
       .worker_does_not_fence = true},
      {.name = "commit-not-idempotent",
       .sentence = "a commit that is repeated is answered as lost",
       .edits = {{"AND token = ?2 AND outcome = 'COMMITTED'", "AND token = ?2 AND outcome = 'NONE'"}}},
      {.name = "cancel-lets-commits-through",
       .sentence = "a cancellation leaves leased tasks as they are, and they are committed",
       .edits = {{"AND task.state = 'LEASED' AND job.state IN ('RUNNING', 'PAUSED') ",
                  "AND task.state = 'LEASED' AND job.state <> 'ACCEPTING' "},
                 {"AND state IN ('PENDING', 'LEASED', 'RETRYING') ORDER BY position",
                  "AND state IN ('PENDING', 'RETRYING') ORDER BY position"}}},
      {.name = "request-forgotten",
       .sentence = "a request that is repeated makes another job",
       .edits = {{"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'ACCEPTING'",
                  "VALUES (?1 || (SELECT count(*) FROM job), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'ACCEPTING'"}}},
      {.name = "end-of-job-too-early",
       .sentence = "a job is looked at for its end before its last commits can be seen",
       .edits = {{"WHERE job_id = ?1 AND state = 'LEASED' LIMIT 1",
                  "WHERE job_id = ?1 AND state = 'LEASED' LIMIT 1 OFFSET 1"}}},
      {.name = "pause-is-ignored",
       .sentence = "a paused job hands out tasks",
       .found_within = 200,
       .edits = {{"SELECT job.id, space, priority, finish_by_ms, created_ms, job.state, kind,",
                  "SELECT job.id, space, priority, finish_by_ms, created_ms, 'RUNNING', kind,"}}},
      {.name = "token-not-raised",
       .sentence = "a claim leaves the token as it was",
       .edits = {{"SET state = 'LEASED', token = ?2, worker_id",
                  "SET state = 'LEASED', token = max(?2 - 1, 1), worker_id"},
                 {"INSERT INTO attempt (task_id,", "INSERT OR REPLACE INTO attempt (task_id,"}}},
      {.name = "commit-not-durable",
       .sentence = "now and then a transaction is said to be committed and is not",
       .loses_commits = true},
      // The last two were real, and found by the simulation.
      {.name = "dropped-file-stays",
       .sentence = "an executor keeps a finished track that was dropped while its bytes went to the disk",
       .found_within = 50,
       .first_seed = 2'600,
       .executor_keeps_dropped = true},
      {.name = "taken-name-is-final",
       .sentence = "a track fails for good when a job cancelled just before gives a file its name late",
       .found_within = 50,
       .first_seed = 1'550,
       .taken_is_final = true},
  };
  return kBugs;
}

}  // namespace

std::span<const PlantedBug> planted_bugs() { return bugs(); }

const PlantedBug* planted_bug_named(const std::string& name) {
  for (const PlantedBug& bug : bugs()) {
    if (bug.name == name) return &bug;
  }
  return nullptr;
}

}  // namespace lathe::scheduler::simulation
