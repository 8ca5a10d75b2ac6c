#include "tests/scheduler/model_store.h"

#include <algorithm>

#include "scheduler/core/plan.h"

namespace lathe::scheduler {

ModelStore::ModelStore(const JobSpec& spec) : tasks_(spec.tasks.size()) {
  std::vector<TaskCost> costs;
  for (const TaskSpec& task : spec.tasks) costs.push_back({task.album, task.predicted_cost});
  std::int64_t rank = 0;
  for (std::size_t index : plan_order(costs)) {
    tasks_[index].rank = rank++;
    tasks_[index].album = spec.tasks[index].album;
  }
}

std::optional<LeaseId> ModelStore::claim(const std::string& worker, std::int64_t lease_ms, bool is_sole_worker,
                                         std::int64_t now_ms) {
  if (state_ != JobState::kRunning) return std::nullopt;
  bool holds_any = false, holds_alone = false;
  for (const Task& task : tasks_) {
    if (task.state != TaskState::kLeased || task.worker != worker) continue;
    holds_any = true;
    holds_alone = holds_alone || task.run_alone;
  }
  if (holds_alone) return std::nullopt;
  Task* first = nullptr;
  for (Task& task : tasks_) {
    if (task.state != TaskState::kPending && task.state != TaskState::kRetrying) continue;
    if (task.not_before_ms > now_ms) continue;
    if (!is_sole_worker && task.avoided_worker == worker && task.avoided_until_ms > now_ms) continue;
    if (task.run_alone && holds_any) continue;
    const auto order = [](const Task& t) { return std::pair(t.run_alone, t.rank); };
    if (first == nullptr || order(task) < order(*first)) first = &task;
  }
  if (first == nullptr) return std::nullopt;
  first->state = TaskState::kLeased;
  first->worker = worker;
  first->expires_ms = now_ms + lease_ms;
  return LeaseId{first - tasks_.data(), ++first->token};
}

bool ModelStore::holds(const LeaseId& lease) const {
  const Task& task = tasks_[static_cast<std::size_t>(lease.task_id)];
  return state_ == JobState::kRunning && task.state == TaskState::kLeased && task.token == lease.token;
}

bool ModelStore::renew(const std::string& worker, const LeaseId& lease, std::int64_t lease_ms, std::int64_t now_ms) {
  Task& task = tasks_[static_cast<std::size_t>(lease.task_id)];
  if (!holds(lease) || task.worker != worker) return false;
  task.expires_ms = now_ms + lease_ms;
  return true;
}

CommitOutcome ModelStore::commit(const LeaseId& lease, TaskState state, const std::string& result) {
  Task& task = tasks_[static_cast<std::size_t>(lease.task_id)];
  if (!holds(lease)) {
    return task.committed_token == lease.token ? CommitOutcome::kRepeated : CommitOutcome::kLost;
  }
  task.state = state;
  task.result = result;
  task.committed_token = lease.token;
  end_if_all_ended();
  return CommitOutcome::kCommitted;
}

FailOutcome ModelStore::fail(const LeaseId& lease, const Failure& failure, double random01, std::int64_t now_ms) {
  if (!holds(lease)) return {true, TaskState::kFailed, 0};
  Task& task = tasks_[static_cast<std::size_t>(lease.task_id)];
  const RetryPolicy policy;
  const RetryDecision decision = decide(policy, task.history, failure, now_ms, random01);
  task.state = decision.state;
  task.history = decision.history;
  task.not_before_ms = decision.not_before_ms;
  task.run_alone = decision.run_alone;
  task.avoided_worker = decision.other_worker ? task.worker : "";
  task.avoided_until_ms = decision.not_before_ms + policy.other_worker_patience_ms;
  end_if_all_ended();
  return {false, decision.state, decision.not_before_ms};
}

bool ModelStore::release(const LeaseId& lease) {
  if (!holds(lease)) return false;
  tasks_[static_cast<std::size_t>(lease.task_id)].state = TaskState::kPending;
  return true;
}

std::size_t ModelStore::rescue_expired(double random01, std::int64_t now_ms) {
  std::size_t rescued = 0;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].state != TaskState::kLeased || tasks_[i].expires_ms > now_ms) continue;
    const LeaseId lease{static_cast<TaskId>(i), tasks_[i].token};
    if (!fail(lease, {FailureClass::kInfra, true}, random01, now_ms).is_lost) ++rescued;
  }
  return rescued;
}

std::size_t ModelStore::rescue_worker(const std::string& worker, double random01, std::int64_t now_ms) {
  std::size_t rescued = 0;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].state != TaskState::kLeased || tasks_[i].worker != worker) continue;
    const LeaseId lease{static_cast<TaskId>(i), tasks_[i].token};
    if (!fail(lease, {FailureClass::kInfra, true}, random01, now_ms).is_lost) ++rescued;
  }
  return rescued;
}

bool ModelStore::cancel() {
  if (state_ != JobState::kRunning) return false;
  for (Task& task : tasks_) {
    if (!is_final(task.state)) task.state = TaskState::kCancelled;
  }
  state_ = JobState::kCancelled;
  return true;
}

void ModelStore::end_if_all_ended() {
  if (!std::all_of(tasks_.begin(), tasks_.end(), [](const Task& task) { return is_final(task.state); })) return;
  const bool has_failures = std::any_of(tasks_.begin(), tasks_.end(), [](const Task& task) {
    return task.state == TaskState::kFailed || task.state == TaskState::kQuarantined;
  });
  state_ = has_failures ? JobState::kSucceededWithFailures : JobState::kSucceeded;
}

}  // namespace lathe::scheduler
