// Jobs: their steps from state to state, and what a person may change of them.
#include <stdexcept>

#include "scheduler/store/sql_job_store.h"

namespace lathe::scheduler {
namespace {

// Tasks a transaction when all of a job's are changed: some 10 ms, so that nobody else waits for long.
constexpr int kChunk = 1'000;

struct Step {  // a task that is about to change, its row locked
  TaskId id;
  std::int64_t position;
  std::int64_t token;
  TaskState state;
  double cost;
};

// The first behind the position `after` that are in one of the states, be it only once their lock is free.
std::vector<Step> locked_tasks(SqlTransaction& transaction, JobId job, std::string_view states, std::int64_t after) {
  std::vector<Step> steps;
  Rows row = transaction.query(
      "SELECT id, position, token, state, predicted_cost FROM task WHERE job_id = ?1 AND position > ?2 AND state IN (" +
          std::string(states) + ") ORDER BY position LIMIT ?3 {postgres: FOR UPDATE}",
      job, after, kChunk);
  while (row.step()) {
    steps.push_back({row.integer(0), row.integer(1), row.integer(2), task_state_named(row.text(3)), row.real(4)});
  }
  return steps;
}

}  // namespace

std::optional<JobState> SqlJobStore::locked_state(SqlTransaction& transaction, JobId job) {
  Rows row = transaction.query("SELECT state FROM job WHERE id = ?1 {postgres: FOR UPDATE}", job);
  return row.step() ? std::optional(job_state_named(row.text(0))) : std::nullopt;
}

void SqlJobStore::move_job(SqlTransaction& transaction, JobId job, JobState state) {
  SqlValue finished_ms = transaction.now_ms();
  finished_ms.is_null = !is_final(state);
  transaction.run("UPDATE job SET state = ?1, finished_ms = ?2 WHERE id = ?3", to_string(state), finished_ms, job);
  transaction.add_event(job, {}, to_string(state));
}

void SqlJobStore::end_job_if_all_ended(SqlTransaction& transaction, JobId job) {
  const auto any_in = [&](std::string_view condition) {
    Rows row = transaction.query("SELECT 1 FROM task WHERE job_id = ?1 AND " + std::string(condition), job);
    return row.step();
  };
  // The plan's last is claimed last: see FreshFront for what a search from the front would meet.
  const auto any_waits = [&] {
    return any_in("state = 'PENDING' AND token = 0 ORDER BY plan_rank DESC, position DESC LIMIT 1") ||
           any_in("state IN ('PENDING', 'RETRYING') AND token > 0 LIMIT 1");
  };
  // Nearly always something does, and then nobody needs the job's row.
  if (any_waits()) return;
  const std::optional<JobState> state = locked_state(transaction, job);
  if (state != JobState::kRunning && state != JobState::kPaused) return;
  if (any_in("state = 'LEASED' LIMIT 1") || any_waits()) return;
  move_job(
      transaction, job,
      any_in("state IN ('FAILED', 'QUARANTINED') LIMIT 1") ? JobState::kSucceededWithFailures : JobState::kSucceeded);
}

bool SqlJobStore::step_job(JobId job, JobState from, JobState to) {
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool may_be_done) {
    const std::optional<JobState> state = locked_state(transaction, job);
    if (may_be_done && state == to) return true;
    if (state != from) return false;
    move_job(transaction, job, to);
    return true;
  });
}

bool SqlJobStore::pause(JobId job) { return step_job(job, JobState::kRunning, JobState::kPaused); }
bool SqlJobStore::resume(JobId job) { return step_job(job, JobState::kPaused, JobState::kRunning); }

bool SqlJobStore::set_priority(JobId job, int priority) {
  if (priority < -1000 || priority > 1000) {
    throw std::invalid_argument("a job's priority lies between -1000 and 1000");
  }
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    return transaction.run("UPDATE job SET priority = ?2 WHERE id = ?1 AND state IN ('ACCEPTING', 'RUNNING', 'PAUSED')",
                           job, priority) == 1;
  });
}

bool SqlJobStore::set_deadline(JobId job, std::optional<std::int64_t> finish_by_ms) {
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    return transaction.run(
               "UPDATE job SET finish_by_ms = ?2 WHERE id = ?1 AND state IN ('ACCEPTING', 'RUNNING', 'PAUSED')", job,
               finish_by_ms) == 1;
  });
}

// In chunks. The job's row is locked first, so that it cannot end in between: see end_job_if_all_ended().
std::int64_t SqlJobStore::retry_failed(JobId job) {
  std::int64_t retried = 0;
  for (;;) {
    const std::int64_t changed = write(Repeat::kNever, [&](SqlTransaction& transaction, bool) -> std::int64_t {
      const std::optional<JobState> state = locked_state(transaction, job);
      if (state != JobState::kRunning && state != JobState::kPaused && state != JobState::kSucceededWithFailures) {
        return 0;
      }
      const std::vector<Step> failed = locked_tasks(transaction, job, "'FAILED', 'QUARANTINED'", -1);
      for (const Step& task : failed) {
        transaction.run(
            "UPDATE task SET state = 'PENDING', not_before_ms = 0, run_alone = 0, avoid_worker = NULL, "
            "avoid_until_ms = 0, infra_failures = 0, lost_leases = 0, task_failures = 0, crashes = 0, changed_ms = ?2 "
            "WHERE id = ?1",
            task.id, transaction.now_ms());
        transaction.count(job, task.state, TaskState::kPending, task.cost);
        transaction.add_event(job, task.id, to_string(TaskState::kPending));
      }
      if (!failed.empty() && state == JobState::kSucceededWithFailures) {
        move_job(transaction, job, JobState::kRunning);
      }
      return std::ssize(failed);
    });
    retried += changed;
    if (changed < kChunk) return retried;
  }
}

bool SqlJobStore::cancel(JobId job) {
  const bool is_there = write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    const std::optional<JobState> state = locked_state(transaction, job);
    if (!state || is_final(*state)) return false;
    if (state != JobState::kCancelling) move_job(transaction, job, JobState::kCancelling);
    return true;
  });
  // Then nothing of the job can be committed any more, and it is time to answer. What has not begun is marked in the
  // background where it is a lot: by this call as far as it goes quickly, then by rescue_expired().
  if (is_there) {
    cancel_leased(job);
    complete_cancellation(job);
  }
  return is_there;
}

// Who saw the job RUNNING and is about to commit a task holds its row, and is waited for; or comes to it later, and
// finds the task cancelled. What is being claimed just now comes to nothing: its commit finds the job CANCELLING.
void SqlJobStore::cancel_leased(JobId job) {
  for (std::optional<std::int64_t> after = -1; after;) {
    after = write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) -> std::optional<std::int64_t> {
      const std::vector<Step> leased = locked_tasks(transaction, job, "'LEASED'", *after);
      for (const Step& task : leased) cancel_task(transaction, job, {task.id, task.token}, task.cost);
      return std::ssize(leased) == kChunk ? std::optional(leased.back().position) : std::nullopt;
    });
  }
}

void SqlJobStore::cancel_task(SqlTransaction& transaction, JobId job, const LeaseId& lease, double cost) {
  transaction.run(
      "UPDATE task SET state = 'CANCELLED', worker_id = NULL, lease_expires_ms = NULL, changed_ms = ?2 WHERE id = ?1",
      lease.task_id, transaction.now_ms());
  end_attempt(transaction, lease, "CANCELLED");
  transaction.count(job, TaskState::kLeased, TaskState::kCancelled, cost);
}

// In chunks, and not for longer than a second or so: others have leases to be rescued. From CANCELLING on no task
// starts anew; all three states are asked for at once: whichever of them a transaction leaves a task in, it is found.
void SqlJobStore::complete_cancellation(JobId job) {
  constexpr int kChunks = 20;
  std::optional<std::int64_t> after = -1;
  for (int chunk = 0; chunk < kChunks && after; ++chunk) {
    after = write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) -> std::optional<std::int64_t> {
      const std::vector<Step> left = locked_tasks(transaction, job, "'PENDING', 'LEASED', 'RETRYING'", *after);
      for (const Step& task : left) {
        if (task.state == TaskState::kLeased) {
          cancel_task(transaction, job, {task.id, task.token}, task.cost);
        } else {
          transaction.count(job, task.state, TaskState::kCancelled, task.cost);
        }
      }
      if (!left.empty()) {
        transaction.run(
            "UPDATE task SET state = 'CANCELLED', changed_ms = ?4 WHERE job_id = ?1 AND position >= ?2 AND "
            "position <= ?3 AND state IN ('PENDING', 'RETRYING')",
            job, left.front().position, left.back().position, transaction.now_ms());
      }
      if (std::ssize(left) == kChunk) return left.back().position;
      if (locked_state(transaction, job) == JobState::kCancelling) {
        move_job(transaction, job, JobState::kCancelled);
      }
      return std::nullopt;
    });
  }
}

std::vector<JobId> SqlJobStore::jobs_in(std::string_view states) {
  return ask([&](SqlConnection& connection) {
    std::vector<JobId> jobs;
    Rows row = connection.query("SELECT id FROM job WHERE state IN (" + std::string(states) + ") ORDER BY id");
    while (row.step()) jobs.push_back(row.integer(0));
    return jobs;
  });
}

}  // namespace lathe::scheduler
