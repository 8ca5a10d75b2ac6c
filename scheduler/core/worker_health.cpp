#include "scheduler/core/worker_health.h"

namespace lathe::scheduler {

bool counts_against_worker(FailureClass failure_class, std::string_view reason_code) {
  const bool went_along = failure_class == FailureClass::kInfra && reason_code == "EXECUTOR_DIED";
  return failure_class != FailureClass::kPermanent && reason_code != "DISK_FULL" && !went_along;
}

bool is_worker_at_fault(int streak, std::optional<int> least_streak_of_others) {
  return streak >= kSuspiciousStreak && least_streak_of_others && *least_streak_of_others < kHealthyStreak;
}

}  // namespace lathe::scheduler
