// Jobs in SQLite: taking them in, ending them, cancelling them.
#include <algorithm>
#include <stdexcept>

#include "scheduler/core/plan.h"
#include "scheduler/store/sqlite_job_store.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

// Tasks a transaction: about 10 ms, so that nobody else waits for long.
constexpr std::size_t kChunk = 1'000;

void check_spec(const JobSpec& spec) {
  if (spec.request_id.empty()) throw std::invalid_argument("a job needs a request id");
  check_text("a job's request id", spec.request_id);
  check_text("a job's kind", spec.kind);
  check_text("a job's recipe", spec.recipe_json);
  check_text("a job's recipe hash", spec.recipe_sha256);
  for (const TaskSpec& task : spec.tasks) check_text("a task's payload", task.payload_json);
}

std::vector<std::int64_t> plan_ranks(const std::vector<TaskSpec>& tasks) {
  std::vector<TaskCost> costs;
  costs.reserve(tasks.size());
  for (const TaskSpec& task : tasks) costs.push_back({task.album, task.predicted_cost});
  std::vector<std::int64_t> ranks(tasks.size());
  std::int64_t next = 0;
  for (std::size_t index : plan_order(costs)) ranks[index] = next++;
  return ranks;
}

std::string differs(std::string_view what, std::string_view asked, std::string_view stored) {
  return std::string(what) + " is '" + storable_text(asked.substr(0, 200)) + "' now and was '" +
         storable_text(stored.substr(0, 200)) + "'";
}

}  // namespace

std::string SqliteJobStore::difference_from(const JobSpec& spec, JobId job) {
  Query row =
      database_.query("SELECT kind, out_dir, recipe_sha256, recipe_json, task_count FROM job WHERE id = ?", job);
  row.step();
  if (row.text(0) != spec.kind) return differs("the kind", spec.kind, row.text(0));
  if (row.text(1) != spec.out_dir) return differs("the output folder", spec.out_dir, row.text(1));
  if (row.text(2) != spec.recipe_sha256) return differs("the recipe's hash", spec.recipe_sha256, row.text(2));
  if (row.text(3) != spec.recipe_json) return "the recipe's text has changed under the same hash";
  if (row.integer(4) != std::ssize(spec.tasks)) {
    return differs("the number of tasks", std::to_string(spec.tasks.size()), std::to_string(row.integer(4)));
  }
  return {};
}

std::string SqliteJobStore::difference_from(const TaskSpec& spec, const TaskSpec& stored, std::size_t position) {
  const std::string of_task = " of task " + std::to_string(position);
  if (stored.input != spec.input) return differs("the input" + of_task, spec.input, stored.input);
  if (stored.album != spec.album) return differs("the album" + of_task, spec.album, stored.album);
  if (stored.payload_json != spec.payload_json) {
    return differs("the payload" + of_task, spec.payload_json, stored.payload_json);
  }
  return {};
}

// Each turn of the loop is one transaction: it finds or makes the job, and compares or adds at most one chunk of tasks.
// So two submitters of the same job, or one after another's death, complete it together.
SubmitResult SqliteJobStore::submit(const JobSpec& spec) {
  check_spec(spec);
  const std::vector<std::int64_t> ranks = plan_ranks(spec.tasks);
  SubmitResult result;
  std::size_t compared = 0;
  for (;;) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    const std::int64_t now_ms = clock_.now_ms();
    if (result.job_id == 0) {
      {
        Query found = database_.query("SELECT id FROM job WHERE request_id = ? AND state IN ('ACCEPTING', 'RUNNING')",
                                      spec.request_id);
        if (found.step()) result = {SubmitOutcome::kResumed, found.integer(0), {}};
      }
      if (result.job_id != 0) {
        result.difference = difference_from(spec, result.job_id);
      } else {
        database_.run(
            "INSERT INTO job (request_id, kind, out_dir, recipe_json, recipe_sha256, state, task_count, created_ms) "
            "VALUES (?, ?, ?, ?, ?, 'ACCEPTING', ?, ?)",
            spec.request_id, spec.kind, Bytes{spec.out_dir}, spec.recipe_json, spec.recipe_sha256,
            std::ssize(spec.tasks), now_ms);
        result.job_id = database_.last_insert_id();
        add_event(result.job_id, {}, to_string(JobState::kAccepting), {}, now_ms);
      }
    }

    std::size_t present = 0;
    {
      Query count = database_.query("SELECT coalesce(max(position) + 1, 0) FROM task WHERE job_id = ?", result.job_id);
      count.step();
      present = static_cast<std::size_t>(count.integer(0));
    }
    if (result.difference.empty() && compared < present) {
      Query stored = database_.query(
          "SELECT input, album, payload_json FROM task WHERE job_id = ? AND position >= ? ORDER BY position LIMIT ?",
          result.job_id, static_cast<std::int64_t>(compared), static_cast<std::int64_t>(kChunk));
      while (result.difference.empty() && stored.step()) {
        const TaskSpec there{stored.text(0), stored.text(1), 0, stored.text(2)};
        result.difference = difference_from(spec.tasks[compared], there, compared);
        ++compared;
      }
    }
    if (!result.difference.empty()) {
      result.outcome = SubmitOutcome::kConflict;
      return result;
    }
    if (compared < present) continue;

    // Cancelled meanwhile, or complete since another submitter was faster: nothing to add.
    if (state_of(result.job_id) != JobState::kAccepting) return result;
    const std::size_t end = std::min(present + kChunk, spec.tasks.size());
    for (std::size_t i = present; i < end; ++i) {
      const TaskSpec& task = spec.tasks[i];
      database_.run(
          "INSERT INTO task (job_id, position, plan_rank, input, album, predicted_cost, payload_json, changed_ms) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          result.job_id, static_cast<std::int64_t>(i), ranks[i], Bytes{task.input}, Bytes{task.album},
          task.predicted_cost, task.payload_json, now_ms);
    }
    compared = end;
    const bool is_complete = end == spec.tasks.size();
    if (is_complete) move_job(result.job_id, spec.tasks.empty() ? JobState::kSucceeded : JobState::kRunning, now_ms);
    transaction.commit();
    if (is_complete) return result;
  }
}

JobState SqliteJobStore::state_of(JobId job) {
  Query state = database_.query("SELECT state FROM job WHERE id = ?", job);
  return state.step() ? job_state_named(state.text(0)) : JobState::kCancelled;
}

void SqliteJobStore::move_job(JobId job, JobState state, std::int64_t now_ms) {
  const std::optional<std::int64_t> finished_ms = is_final(state) ? std::optional(now_ms) : std::nullopt;
  database_.run("UPDATE job SET state = ?, finished_ms = ? WHERE id = ?", to_string(state), finished_ms, job);
  add_event(job, {}, to_string(state), {}, now_ms);
}

void SqliteJobStore::end_job_if_all_ended(JobId job, std::int64_t now_ms) {
  {
    Query unfinished = database_.query(
        "SELECT 1 FROM task INDEXED BY task_state WHERE job_id = ? AND state IN ('PENDING', 'LEASED', 'RETRYING') "
        "LIMIT 1",
        job);
    if (unfinished.step()) return;
  }
  bool has_failures = false;
  {
    Query failed = database_.query(
        "SELECT 1 FROM task INDEXED BY task_state WHERE job_id = ? AND state IN ('FAILED', 'QUARANTINED') LIMIT 1",
        job);
    has_failures = failed.step();
  }
  move_job(job, has_failures ? JobState::kSucceededWithFailures : JobState::kSucceeded, now_ms);
}

bool SqliteJobStore::cancel(JobId job) {
  {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    const JobState state = state_of(job);
    if (is_final(state)) return false;
    if (state != JobState::kCancelling) move_job(job, JobState::kCancelling, clock_.now_ms());
    transaction.commit();
  }
  complete_cancellation(job);
  return true;
}

// In chunks too. From CANCELLING on nothing is claimed or committed, so the tasks can only become fewer.
void SqliteJobStore::complete_cancellation(JobId job) {
  for (;;) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    if (state_of(job) != JobState::kCancelling) return;
    const std::int64_t now_ms = clock_.now_ms();
    database_.run(
        "UPDATE attempt SET outcome = 'CANCELLED', ended_ms = ?2 WHERE outcome = 'RUNNING' AND (task_id, token) IN "
        "(SELECT id, token FROM task WHERE job_id = ?1 AND state = 'LEASED')",
        job, now_ms);
    database_.run(
        "UPDATE task SET state = 'CANCELLED', worker_id = NULL, lease_expires_ms = NULL, changed_ms = ?2 "
        "WHERE job_id = ?1 AND state = 'LEASED'",
        job, now_ms);
    const std::int64_t changed = database_.run(
        "UPDATE task SET state = 'CANCELLED', changed_ms = ?2 WHERE id IN "
        "(SELECT id FROM task WHERE job_id = ?1 AND state IN ('PENDING', 'RETRYING') LIMIT ?3)",
        job, now_ms, static_cast<std::int64_t>(kChunk));
    const bool is_complete = changed < static_cast<std::int64_t>(kChunk);
    if (is_complete) move_job(job, JobState::kCancelled, now_ms);
    transaction.commit();
    if (is_complete) return;
  }
}

}  // namespace lathe::scheduler
