// Workers that wait for work: answered as soon as there is some, or when their time is up. Claims run side by side on
// the executor's threads, for each waits for the disk by itself; the desk's own thread only sees who may try.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "scheduler/core/fetch_share.h"
#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class AcquireDesk {
 public:
  struct Waiter {
    ClaimRequest request;  // but for how many
    WantedTasks wanted;
    std::chrono::steady_clock::time_point until;
    std::function<bool()> is_gone;                                        // the caller hung up
    std::function<void(grpc::Status, const std::vector<Lease>&)> answer;  // called once, from any thread
  };

  explicit AcquireDesk(FarmContext& farm);
  ~AcquireDesk();
  AcquireDesk(const AcquireDesk&) = delete;
  AcquireDesk& operator=(const AcquireDesk&) = delete;

  // Serves the waiter now if there is work, on the calling thread; else it waits in line.
  void serve_or_wait(Waiter waiter);
  // Answers all, and whoever comes later, with UNAVAILABLE.
  void stop();

 private:
  void run(const std::stop_token& stopping);
  void put_in_line(Waiter waiter);
  bool serve(Waiter& waiter);
  std::int64_t ready_tasks();
  FarmLoad look_around();

  FarmContext& farm_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Waiter> waiters_;
  bool is_stopped_ = false, has_news_ = false;
  // What was found out a moment ago.
  std::mutex looking_;
  std::chrono::steady_clock::time_point looked_at_{};
  std::atomic<bool> is_sole_{false};
  FarmLoad load_;  // guarded by looking_
  std::jthread thread_;
};

}  // namespace lathe::scheduler
