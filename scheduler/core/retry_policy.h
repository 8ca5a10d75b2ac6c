// What becomes of a task after a failure: tried again (when, alone or not, elsewhere or not), failed, or quarantined.
#pragma once

#include <cstdint>
#include <string_view>

#include "scheduler/core/task_state.h"

namespace lathe::scheduler {

enum class FailureClass {
  kInfra,      // not the task's fault: its worker vanished, storage was down, the disk was full
  kTask,       // the work failed and may succeed another time
  kPermanent,  // no attempt can help: the input cannot be decoded
  kCrash,      // the process that worked on the task died (SIGSEGV, SIGABRT, out of memory)
};

// "INFRA", "TASK", "PERMANENT", "CRASH", and the way back (throws std::invalid_argument).
std::string_view to_string(FailureClass failure_class);
FailureClass failure_class_named(std::string_view name);

// Wait before attempt n+1, after the n-th failure of a kind: full jitter, random01 * min(cap, base * 2^(n-1)), so that
// tasks which failed together do not come back together. With base 1000 and random01 0.5: 500, 1000, 2000, 4000 ms.
struct Backoff {
  std::int64_t base_ms;
  std::int64_t cap_ms;
  // n counts from 1. random01 in [0, 1], else std::invalid_argument. n below 1: no wait.
  std::int64_t wait_ms(int n, double random01) const;
};

struct RetryPolicy {
  // A class's budget: the failure with this number ends the task.
  int infra_failures = 20;  // about an hour of waiting on average: 0.5 * (2 + 4 + ... + 512 + 10 * 600) s = 3,500 s
  int task_failures = 3;    // attempts 1, 2, 3, then FAILED
  int crashes = 2;          // crashed, ran alone, crashed again: QUARANTINED

  // From this many lost leases on the task runs alone on its worker: should it be what kills workers, it takes nothing
  // else with it. The same holds after one crash, so that tasks which shared the dead process clear themselves.
  int lost_leases_before_alone = 2;

  // A lost lease says nothing about load, so the losses before the task runs alone are made good without any wait;
  // from then on the wait grows as for any failure of the infrastructure.
  Backoff infra_backoff{2'000, 600'000};
  Backoff task_backoff{1'000, 60'000};

  // How long the worker that failed a task leaves it to others before it may take it again.
  std::int64_t other_worker_patience_ms = 60'000;
};

// The failures a task has behind it.
struct TaskHistory {
  int infra_failures = 0;  // lost leases are among them
  int lost_leases = 0;
  int task_failures = 0;
  int crashes = 0;
  bool operator==(const TaskHistory&) const = default;
};

struct Failure {
  FailureClass failure_class = FailureClass::kTask;
  bool lease_lost = false;  // the worker was not heard of again; only together with kInfra
};

struct RetryDecision {
  TaskState state = TaskState::kFailed;  // kRetrying, kFailed or kQuarantined
  std::int64_t not_before_ms = 0;        // for kRetrying
  bool run_alone = false;
  bool other_worker = false;  // leave it to another worker first
  TaskHistory history;        // the failure included
};

// Examples with the defaults, at now = 0 and random01 = 0.5:
//   a first TASK failure             -> RETRYING at 500 ms, another worker; the second at 1,000 ms; the third: FAILED
//   a first and second lost lease    -> RETRYING at 0 ms, another worker; alone after the second
//   a third lost lease               -> RETRYING at 1,000 ms, alone
//   a first CRASH                    -> RETRYING at 500 ms, alone, another worker; the second: QUARANTINED
//   PERMANENT                        -> FAILED
// INFRA never leads to QUARANTINED, so killing workers at random quarantines nothing.
// Throws std::invalid_argument for random01 outside [0, 1] or lease_lost without kInfra.
RetryDecision decide(const RetryPolicy& policy, const TaskHistory& before, const Failure& failure, std::int64_t now_ms,
                     double random01);

}  // namespace lathe::scheduler
