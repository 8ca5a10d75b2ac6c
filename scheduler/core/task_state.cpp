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
    case TaskState::kFailed:
    case TaskState::kQuarantined:
      return to == TaskState::kPending;  // a person wants it tried again
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
    case JobState::kPaused:
      return to == (from == JobState::kRunning ? JobState::kPaused : JobState::kRunning) ||
             to == JobState::kCancelling || to == JobState::kSucceeded || to == JobState::kSucceededWithFailures;
    case JobState::kCancelling:
      return to == JobState::kCancelled;
    case JobState::kSucceededWithFailures:
      return to == JobState::kRunning;  // a person wants the failed tasks tried again
    default:
      return false;
  }
}

bool is_final(TaskState state) {
  return state != TaskState::kPending && state != TaskState::kLeased && state != TaskState::kRetrying;
}

bool is_final(JobState state) {
  return state == JobState::kSucceeded || state == JobState::kSucceededWithFailures || state == JobState::kCancelled;
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
    case JobState::kPaused:
      return "PAUSED";
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
