// Jobs: taking them in, task by task, and sealing them.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "scheduler/store/sql_job_store.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

constexpr std::size_t kMostTasksAtOnce = 10'000;
constexpr std::int64_t kGreatestPosition = INT64_MAX / 2;

void check_header(const JobHeader& header) {
  if (header.request_id.empty()) throw std::invalid_argument("a job needs a request id");
  if (header.space.empty()) throw std::invalid_argument("a job needs a space");
  check_text("a job's request id", header.request_id);
  check_text("a job's space", header.space);
  check_text("a job's kind", header.kind);
  check_text("a job's name", header.name);
  check_text("a job's recipe", header.recipe_json);
  check_text("a job's recipe hash", header.recipe_sha256);
  check_text("a job's settings", header.settings_json);
  check_text("a job's submitter", header.submitted_by);
  if (header.priority < -1000 || header.priority > 1000) {
    throw std::invalid_argument("a job's priority lies between -1000 and 1000");
  }
}

void check_tasks(std::int64_t first_position, std::span<const TaskSpec> tasks) {
  if (tasks.size() > kMostTasksAtOnce) throw std::invalid_argument("at most 10000 tasks can be added at once");
  if (first_position < 0) throw std::invalid_argument("a task's position cannot be negative");
  if (first_position > kGreatestPosition) throw std::invalid_argument("a task's position is beyond all that is stored");
  for (const TaskSpec& task : tasks) {
    check_text("a task's payload", task.payload_json);
    if (!std::isfinite(task.predicted_cost) || task.predicted_cost < 0) {
      throw std::invalid_argument("the predicted cost of '" + storable_text(task.input) +
                                  "' is negative or not finite");
    }
  }
}

std::string differs(std::string_view what, std::string_view asked, std::string_view stored) {
  return std::string(what) + " is '" + storable_text(asked.substr(0, 200)) + "' now and was '" +
         storable_text(stored.substr(0, 200)) + "'";
}

// Priority and deadline may have been changed since, so they are no part of what is compared.
std::string difference(const JobHeader& asked, const Rows& stored) {
  if (stored.text(2) != asked.kind) return differs("the kind", asked.kind, stored.text(2));
  if (stored.bytes(3) != asked.out_dir) return differs("the output folder", asked.out_dir, stored.bytes(3));
  if (stored.text(4) != asked.recipe_sha256) return differs("the recipe's hash", asked.recipe_sha256, stored.text(4));
  if (stored.text(5) != asked.recipe_json) return "the recipe's text has changed under the same hash";
  if (stored.text(6) != asked.space) return differs("the space", asked.space, stored.text(6));
  if (stored.text(7) != asked.name) return differs("the name", asked.name, stored.text(7));
  if (stored.text(8) != asked.settings_json) return "the settings differ";
  if (stored.text(9) != asked.submitted_by) return differs("the submitter", asked.submitted_by, stored.text(9));
  return {};
}

// The rest of a task is prediction and planning, and no part of what is asked for.
std::string difference(const TaskSpec& asked, const Rows& stored, std::int64_t position) {
  const std::string of_task = " of task " + std::to_string(position);
  if (stored.bytes(0) != asked.input) return differs("the input" + of_task, asked.input, stored.bytes(0));
  if (stored.bytes(1) != asked.album) return differs("the album" + of_task, asked.album, stored.bytes(1));
  if (stored.text(2) != asked.payload_json) {
    return differs("the payload" + of_task, asked.payload_json, stored.text(2));
  }
  return {};
}

// Compares those that are there already with the first of `tasks`.
std::string difference(SqlTransaction& transaction, JobId job, std::int64_t first_position,
                       std::span<const TaskSpec> tasks) {
  Rows stored = transaction.query(
      "SELECT input, album, payload_json FROM task WHERE job_id = ?1 AND position >= ?2 ORDER BY position LIMIT ?3",
      job, first_position, std::ssize(tasks));
  for (std::size_t i = 0; stored.step(); ++i) {
    std::string found = difference(tasks[i], stored, first_position + static_cast<std::int64_t>(i));
    if (!found.empty()) return found;
  }
  return {};
}

void insert_tasks(SqlTransaction& transaction, JobId job, std::int64_t first_position,
                  std::span<const TaskSpec> tasks) {
  constexpr int kColumns = 9;
  std::vector<SqlValue> values;
  values.reserve(tasks.size() * kColumns);
  double cost = 0;
  std::int64_t position = first_position;
  for (const TaskSpec& task : tasks) {
    values.insert(values.end(),
                  {SqlValue(job), SqlValue(position++), SqlValue(task.plan_rank), SqlValue(Bytes{task.input}),
                   SqlValue(Bytes{task.album}), SqlValue(task.predicted_cost), SqlValue(task.payload_json),
                   SqlValue(task.memory_bytes), SqlValue(transaction.now_ms())});
    cost += task.predicted_cost;
  }
  transaction.connection().insert_rows(
      "task", "job_id, position, plan_rank, input, album, predicted_cost, payload_json, memory_bytes, changed_ms",
      kColumns, values);
  transaction.run("UPDATE job SET task_count = task_count + ?2 WHERE id = ?1", job, std::ssize(tasks));
  transaction.count(job, {}, TaskState::kPending, cost, std::ssize(tasks));
}

}  // namespace

SubmitResult SqlJobStore::create_job(const JobHeader& header) {
  check_header(header);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool may_be_done) -> SubmitResult {
    {
      Rows created = transaction.query(
          "INSERT INTO job (request_id, space, kind, name, out_dir, recipe_json, recipe_sha256, settings_json, "
          "submitted_by, priority, finish_by_ms, state, task_count, created_ms) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'ACCEPTING', 0, ?12) "
          "ON CONFLICT (request_id) DO NOTHING RETURNING id",
          header.request_id, header.space, header.kind, header.name, Bytes{header.out_dir}, header.recipe_json,
          header.recipe_sha256, header.settings_json, header.submitted_by, header.priority, header.finish_by_ms,
          transaction.now_ms());
      if (created.step()) {
        const JobId job = created.integer(0);
        while (created.step()) {
        }
        transaction.add_event(job, {}, to_string(JobState::kAccepting));
        return {SubmitOutcome::kCreated, job, 0, {}};
      }
    }
    Rows stored = transaction.query(
        "SELECT id, task_count, kind, out_dir, recipe_sha256, recipe_json, space, name, settings_json, submitted_by, "
        "state FROM job WHERE request_id = ?1",
        header.request_id);
    if (!stored.step()) throw SqlInterrupted(SqlInterrupted::Kind::kConflict, "a job vanished");
    SubmitResult result{SubmitOutcome::kExists, stored.integer(0), stored.integer(1), difference(header, stored)};
    if (!result.difference.empty()) result.outcome = SubmitOutcome::kConflict;
    // Most likely it is the job of the try whose answer was lost.
    const bool is_new = stored.text(10) == to_string(JobState::kAccepting) && result.tasks == 0;
    if (may_be_done && is_new && result.difference.empty()) result.outcome = SubmitOutcome::kCreated;
    return result;
  });
}

AddResult SqlJobStore::add_tasks(JobId job, std::int64_t first_position, std::span<const TaskSpec> tasks) {
  check_tasks(first_position, tasks);
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) -> AddResult {
    std::int64_t present = 0;
    bool is_accepting = false;
    {
      Rows row = transaction.query("SELECT task_count, state FROM job WHERE id = ?1 {postgres: FOR UPDATE}", job);
      if (!row.step()) return {AddOutcome::kUnknown, 0, {}};
      present = row.integer(0);
      is_accepting = row.text(1) == to_string(JobState::kAccepting);
    }
    const std::int64_t end = first_position + std::ssize(tasks);
    if (first_position < std::min(present, end)) {
      const auto there = static_cast<std::size_t>(std::min(present, end) - first_position);
      std::string found = difference(transaction, job, first_position, tasks.first(there));
      if (!found.empty()) return {AddOutcome::kConflict, present, std::move(found)};
    }
    if (end <= present) return {AddOutcome::kAdded, present, {}};
    if (!is_accepting) return {AddOutcome::kNotAccepting, present, {}};
    if (first_position > present) return {AddOutcome::kGap, present, {}};
    insert_tasks(transaction, job, present, tasks.subspan(static_cast<std::size_t>(present - first_position)));
    return {AddOutcome::kAdded, end, {}};
  });
}

bool SqlJobStore::seal_job(JobId job, std::int64_t task_count) {
  return write(Repeat::kHarmless, [&](SqlTransaction& transaction, bool) {
    JobState state{};
    {
      Rows row = transaction.query("SELECT task_count, state FROM job WHERE id = ?1 {postgres: FOR UPDATE}", job);
      if (!row.step() || row.integer(0) != task_count) return false;
      state = job_state_named(row.text(1));
    }
    if (state == JobState::kAccepting) {
      move_job(transaction, job, task_count == 0 ? JobState::kSucceeded : JobState::kRunning);
    }
    return true;
  });
}

}  // namespace lathe::scheduler
