#include "scheduler/core/retry_policy.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lathe::scheduler {

std::string_view to_string(FailureClass failure_class) {
  switch (failure_class) {
    case FailureClass::kInfra:
      return "INFRA";
    case FailureClass::kTask:
      return "TASK";
    case FailureClass::kPermanent:
      return "PERMANENT";
    case FailureClass::kCrash:
      return "CRASH";
  }
  throw std::invalid_argument("no such failure class");
}

FailureClass failure_class_named(std::string_view name) {
  for (FailureClass c : {FailureClass::kInfra, FailureClass::kTask, FailureClass::kPermanent, FailureClass::kCrash}) {
    if (to_string(c) == name) return c;
  }
  throw std::invalid_argument("no failure class is called '" + std::string(name) + "'");
}

std::int64_t Backoff::wait_ms(int n, double random01) const {
  if (!(random01 >= 0 && random01 <= 1)) throw std::invalid_argument("the random number must lie in [0, 1]");
  if (n < 1) return 0;
  const double grown = std::ldexp(static_cast<double>(base_ms), std::min(n - 1, 60));
  return static_cast<std::int64_t>(random01 * std::min(grown, static_cast<double>(cap_ms)));
}

RetryDecision decide(const RetryPolicy& policy, const TaskHistory& before, const Failure& failure, std::int64_t now_ms,
                     double random01) {
  const FailureClass failure_class = failure.failure_class;
  if (failure.lease_lost && failure_class != FailureClass::kInfra) {
    throw std::invalid_argument("a lost lease is a failure of the class INFRA");
  }
  TaskHistory history = before;
  TaskState at_end = TaskState::kFailed;
  bool budget_left = false;
  std::int64_t wait_ms = 0;
  switch (failure_class) {
    case FailureClass::kInfra: {
      ++history.infra_failures;
      history.lost_leases += failure.lease_lost ? 1 : 0;
      budget_left = history.infra_failures < policy.infra_failures;
      const int n = failure.lease_lost ? history.lost_leases - policy.lost_leases_before_alone : history.infra_failures;
      wait_ms = policy.infra_backoff.wait_ms(n, random01);
      break;
    }
    case FailureClass::kTask:
      ++history.task_failures;
      budget_left = history.task_failures < policy.task_failures;
      wait_ms = policy.task_backoff.wait_ms(history.task_failures, random01);
      break;
    case FailureClass::kCrash:
      ++history.crashes;
      budget_left = history.crashes < policy.crashes;
      wait_ms = policy.task_backoff.wait_ms(history.crashes, random01);
      at_end = TaskState::kQuarantined;
      break;
    case FailureClass::kPermanent:
      wait_ms = policy.task_backoff.wait_ms(0, random01);
      break;
  }
  RetryDecision decision;
  decision.history = history;
  decision.run_alone = history.crashes > 0 || history.lost_leases >= policy.lost_leases_before_alone;
  decision.state = budget_left ? TaskState::kRetrying : at_end;
  decision.not_before_ms = budget_left ? now_ms + wait_ms : 0;
  decision.other_worker = budget_left;
  return decision;
}

}  // namespace lathe::scheduler
