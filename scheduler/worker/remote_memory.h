// The memory budget of a worker as its executors see it: the supervisor keeps it, and takes back what a dead one held.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/message_pipe.h"

namespace lathe::scheduler {

class RemoteMemory final : public MemoryBudget {
 public:
  RemoteMemory(MessagePipe& pipe, bool is_device) : pipe_(pipe), is_device_(is_device) {}

  std::int64_t total() const override { return total_; }
  void set_total(std::int64_t bytes) { total_ = bytes; }
  void granted(std::int64_t request);
  // Nobody waits any more: the supervisor is gone.
  void end();

 private:
  void reserve(std::int64_t bytes) override;
  void give_back(std::int64_t bytes) override;
  void ask(std::int64_t request, std::int64_t bytes);

  MessagePipe& pipe_;
  const bool is_device_;
  std::atomic<std::int64_t> total_{INT64_MAX};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::int64_t> awaited_;
  bool is_ended_ = false;
};

}  // namespace lathe::scheduler
