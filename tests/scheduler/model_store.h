// A job store as simple as can be, in memory, for one thread: what the real ones are compared with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/retry_policy.h"
#include "scheduler/store/job_records.h"

namespace lathe::scheduler {

class ModelStore {
 public:
  struct Task {
    std::int64_t rank = 0;
    std::string album;
    TaskState state = TaskState::kPending;
    std::int64_t token = 0;
    std::int64_t committed_token = 0;
    std::string worker;
    std::int64_t expires_ms = 0;
    std::int64_t not_before_ms = 0;
    bool run_alone = false;
    std::string avoided_worker;
    std::int64_t avoided_until_ms = 0;
    TaskHistory history;
    std::string result;
  };

  explicit ModelStore(const JobSpec& spec);

  // As in JobStore, but tasks go by their position and the time is an argument.
  std::optional<LeaseId> claim(const std::string& worker, std::int64_t lease_ms, bool is_sole_worker,
                               std::int64_t now_ms);
  bool renew(const std::string& worker, const LeaseId& lease, std::int64_t lease_ms, std::int64_t now_ms);
  CommitOutcome commit(const LeaseId& lease, TaskState state, const std::string& result);
  FailOutcome fail(const LeaseId& lease, const Failure& failure, double random01, std::int64_t now_ms);
  bool release(const LeaseId& lease);
  std::size_t rescue_expired(double random01, std::int64_t now_ms);
  std::size_t rescue_worker(const std::string& worker, double random01, std::int64_t now_ms);
  bool cancel();

  JobState state() const { return state_; }
  const std::vector<Task>& tasks() const { return tasks_; }

 private:
  bool holds(const LeaseId& lease) const;
  void end_if_all_ended();

  JobState state_ = JobState::kRunning;
  std::vector<Task> tasks_;
};

}  // namespace lathe::scheduler
