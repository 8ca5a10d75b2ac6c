// The states of tasks and jobs, their names, and which step may follow which.
#pragma once

#include <array>
#include <string_view>

namespace lathe::scheduler {

enum class TaskState {
  kPending,      // waits for a worker
  kLeased,       // a worker holds it, under a token
  kRetrying,     // failed, or lost its worker; may be claimed again from its not_before time on
  kDone,         // worked, and its result is committed
  kUnchanged,    // nothing had to be done: an earlier result still holds
  kFailed,       // its attempts are used up, or no attempt could help
  kQuarantined,  // killed the process that worked on it, again when it ran alone
  kCancelled,
};

enum class JobState {
  kAccepting,  // its tasks are still coming in; nothing may be claimed yet
  kRunning,
  kPaused,                 // nothing more is claimed until it is resumed; what is leased goes on
  kCancelling,             // nothing is claimed or committed any more; tasks are being marked as cancelled
  kSucceeded,              // every task is done or unchanged
  kSucceededWithFailures,  // every task has ended, at least one as failed or quarantined
  kCancelled,
};

inline constexpr std::array kTaskStates{TaskState::kPending,     TaskState::kLeased,    TaskState::kRetrying,
                                        TaskState::kDone,        TaskState::kUnchanged, TaskState::kFailed,
                                        TaskState::kQuarantined, TaskState::kCancelled};
inline constexpr std::array kJobStates{JobState::kAccepting,  JobState::kRunning,   JobState::kPaused,
                                       JobState::kCancelling, JobState::kSucceeded, JobState::kSucceededWithFailures,
                                       JobState::kCancelled};

// True if a task or a job may step from one state straight to the other. Staying is not a step.
bool can_follow(TaskState from, TaskState to);
bool can_follow(JobState from, JobState to);

// True if the state is an end: never left again, unless a person has what failed tried once more.
bool is_final(TaskState state);
bool is_final(JobState state);

// The names used in stores, reports and on the wire: "PENDING", "SUCCEEDED_WITH_FAILURES".
std::string_view to_string(TaskState state);
std::string_view to_string(JobState state);

// The way back. Throws std::invalid_argument for a name that is none.
TaskState task_state_named(std::string_view name);
JobState job_state_named(std::string_view name);

}  // namespace lathe::scheduler
