// Threads that do what may wait for the database, and a queue with an end: whoever finds it full is told so at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lathe::scheduler {

class BoundedExecutor {
 public:
  BoundedExecutor(int threads, std::size_t queued_at_most);
  // Does what is queued, then ends.
  ~BoundedExecutor();

  // False: the queue is full, and nothing was queued.
  bool try_post(std::function<void()> work);

 private:
  void run();

  const std::size_t queued_at_most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool is_ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lathe::scheduler
