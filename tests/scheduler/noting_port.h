// What a WorkerSession makes happen, noted and not done.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/core/worker_session.h"

namespace lathe::scheduler {

class NotingPort final : public WorkerPort {
 public:
  WantedTasks wanted;
  std::int64_t acquire_call = 0, beat_call = 0;
  int beats = 0, kills = 0, releases = 0, failures = 0;
  std::vector<LeaseKey> beaten;

  void acquire(std::int64_t call, const WantedTasks& tasks, bool) override {
    acquire_call = call;
    wanted = tasks;
  }
  void end_acquire(std::int64_t) override {}
  void heartbeat(std::int64_t call, const std::vector<LeaseKey>& leases) override {
    beat_call = call;
    ++beats;
    beaten = leases;
  }
  void announce(LeaseKey) override {}
  void commit(LeaseKey) override {}
  void fail(LeaseKey, const AttemptFailure&) override { ++failures; }
  void release(LeaseKey) override { ++releases; }
  void start(int, LeaseKey) override {}
  void publish(int, LeaseKey, std::int64_t) override {}
  void drop(int, LeaseKey) override {}
  void kill(int) override { ++kills; }
  void forget(LeaseKey) override {}
};

}  // namespace lathe::scheduler
