#include "scheduler/store/job_store.h"

#include <algorithm>

#include "scheduler/core/plan.h"

namespace lathe::scheduler {
namespace {

// Tasks a transaction: some 10 ms, so that nobody else waits for long.
constexpr std::size_t kChunk = 1'000;

std::vector<TaskSpec> planned(std::vector<TaskSpec> tasks) {
  std::vector<TaskCost> costs;
  costs.reserve(tasks.size());
  for (const TaskSpec& task : tasks) costs.push_back({task.album, task.predicted_cost});
  std::int64_t next = 0;
  for (const std::size_t index : plan_order(costs)) tasks[index].plan_rank = next++;
  return tasks;
}

}  // namespace

SubmitResult JobStore::submit(const JobSpec& spec) {
  const std::vector<TaskSpec> tasks = planned(spec.tasks);
  SubmitResult result = create_job(spec.header);
  if (result.outcome == SubmitOutcome::kConflict) return result;
  const auto conflict = [&result](std::string difference) {
    result.outcome = SubmitOutcome::kConflict;
    result.difference = std::move(difference);
    return result;
  };
  const auto other_number = [&](std::int64_t there) {
    return conflict("the number of tasks is '" + std::to_string(tasks.size()) + "' now and was '" +
                    std::to_string(there) + "'");
  };
  for (std::size_t first = 0; first < tasks.size(); first += kChunk) {
    const std::span chunk = std::span(tasks).subspan(first, std::min(kChunk, tasks.size() - first));
    const AddResult added = add_tasks(result.job_id, static_cast<std::int64_t>(first), chunk);
    result.tasks = added.tasks;
    if (added.outcome == AddOutcome::kConflict) return conflict(added.difference);
    if (added.outcome != AddOutcome::kAdded) {
      // Sealed with fewer; or cancelled while they came in, and then it is this very job all the same.
      const auto there = job(result.job_id);
      const bool is_cancelled =
          there && (there->state == JobState::kCancelling || there->state == JobState::kCancelled);
      return is_cancelled ? result : other_number(added.tasks);
    }
  }
  if (!seal_job(result.job_id, std::ssize(tasks))) {
    const auto there = job(result.job_id);
    if (there && there->task_count != std::ssize(tasks)) return other_number(there->task_count);
  }
  return result;
}

}  // namespace lathe::scheduler
