// The scheduler's own care, on a thread of its own: expired leases go back to the queue, silent workers are retired.
// Every step is safe beside other schedulers that do the same.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class Keeper {
 public:
  Keeper(JobStore& store, WorkSignal& signal);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

 private:
  void run(const std::stop_token& stopping);

  JobStore& store_;
  WorkSignal& signal_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread thread_;
};

}  // namespace lathe::scheduler
