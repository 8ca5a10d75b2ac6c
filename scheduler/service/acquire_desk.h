// Workers that wait for work: answered in turn as soon as there is some, or when their time is up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "scheduler/service/farm_context.h"

namespace lathe::scheduler {

class AcquireDesk {
 public:
  struct Waiter {
    ClaimRequest request;  // max_tasks: those to be worked on at once
    int ahead = 0;         // tasks to be fetched ahead, while there is plenty
    std::chrono::steady_clock::time_point until;
    std::function<bool()> is_gone;                                        // the caller hung up
    std::function<void(grpc::Status, const std::vector<Lease>&)> answer;  // called once, from the desk's thread
  };

  explicit AcquireDesk(FarmContext& farm);
  ~AcquireDesk();
  AcquireDesk(const AcquireDesk&) = delete;
  AcquireDesk& operator=(const AcquireDesk&) = delete;

  void wait(Waiter waiter);
  // Answers all, and whoever comes later, with UNAVAILABLE.
  void stop();

 private:
  void run(const std::stop_token& stopping);
  bool serve(Waiter& waiter);
  bool is_work_about();
  bool is_plenty();

  FarmContext& farm_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Waiter> waiters_;
  bool is_stopped_ = false, has_news_ = false;
  // The desk's thread alone: what was found out a moment ago.
  std::chrono::steady_clock::time_point looked_at_{};
  bool is_plenty_ = false, is_sole_ = false;
  std::jthread thread_;
};

}  // namespace lathe::scheduler
