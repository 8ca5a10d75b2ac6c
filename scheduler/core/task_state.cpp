#include "scheduler/core/task_state.h"

#include <stdexcept>
#include <string>

namespace lathe::scheduler {

bool can_follow(TaskState from, TaskState to) {
  switch (from) {
    case TaskState::kPending:
    case TaskState::kRetrying:
      return to == TaskState::kLeased || to == TaskState::kCancelled;
    case TaskState::kLeased:
      // Back to pending only when a worker gives a task back untouched: that is no failure.
      return to != TaskState::kLeased;
    default:
      return false;
  }
}

bool can_follow(JobState from, JobState to) {
  switch (from) {
    case JobState::kAccepting:
      // A job without tasks succeeds at once.
      return to == JobState::kRunning || to == JobState::kCancelling || to == JobState::kSucceeded;
    case JobState::kRunning:
      return to == JobState::kCancelling || to == JobState::kSucceeded || to == JobState::kSucceededWithFailures;
    case JobState::kCancelling:
      return to == JobState::kCancelled;
    default:
      return false;
  }
}

bool is_final(TaskState state) {
  for (TaskState to : kTaskStates) {
    if (can_follow(state, to)) return false;
  }
  return true;
}

bool is_final(JobState state) {
  for (JobState to : kJobStates) {
    if (can_follow(state, to)) return false;
  }
  return true;
}

std::string_view to_string(TaskState state) {
  switch (state) {
    case TaskState::kPending:
      return "PENDING";
    case TaskState::kLeased:
      return "LEASED";
    case TaskState::kRetrying:
      return "RETRYING";
    case TaskState::kDone:
      return "DONE";
    case TaskState::kUnchanged:
      return "UNCHANGED";
    case TaskState::kFailed:
      return "FAILED";
    case TaskState::kQuarantined:
      return "QUARANTINED";
    case TaskState::kCancelled:
      return "CANCELLED";
  }
  throw std::invalid_argument("no such task state");
}

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::kAccepting:
      return "ACCEPTING";
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kCancelling:
      return "CANCELLING";
    case JobState::kSucceeded:
      return "SUCCEEDED";
    case JobState::kSucceededWithFailures:
      return "SUCCEEDED_WITH_FAILURES";
    case JobState::kCancelled:
      return "CANCELLED";
  }
  throw std::invalid_argument("no such job state");
}

TaskState task_state_named(std::string_view name) {
  for (TaskState state : kTaskStates) {
    if (to_string(state) == name) return state;
  }
  throw std::invalid_argument("no task state is called '" + std::string(name) + "'");
}

JobState job_state_named(std::string_view name) {
  for (JobState state : kJobStates) {
    if (to_string(state) == name) return state;
  }
  throw std::invalid_argument("no job state is called '" + std::string(name) + "'");
}

}  // namespace lathe::scheduler
