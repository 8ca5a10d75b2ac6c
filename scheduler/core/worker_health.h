// When failures are the worker's own fault.
#pragma once

#include <optional>
#include <string_view>

#include "scheduler/core/retry_policy.h"

namespace lathe::scheduler {

// So many failures in a row, of whatever tasks, put a worker under suspicion ...
inline constexpr int kSuspiciousStreak = 5;
// ... but only while another one fails less: where all fail, it is the work or the storage.
inline constexpr int kHealthyStreak = 3;

// True if a failure that a worker reports of itself counts for its streak. What no attempt can help says nothing of
// the worker; nor does a full disk ("DISK_FULL"), for outputs lie where all workers put them. An executor's death
// counts once, by the track that it worked on: the finished ones that waited for their names went along
// ("EXECUTOR_DIED", INFRA).
bool counts_against_worker(FailureClass failure_class, std::string_view reason_code);

// True if a worker with this streak must get nothing new until a person has looked at it. `least_streak_of_others`:
// the least among the other ACTIVE workers, none if it is the only one.
bool is_worker_at_fault(int streak, std::optional<int> least_streak_of_others);

}  // namespace lathe::scheduler
