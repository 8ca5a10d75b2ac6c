#include "scheduler/service/bounded_executor.h"

namespace lathe::scheduler {

BoundedExecutor::BoundedExecutor(int threads, std::size_t queued_at_most) : queued_at_most_(queued_at_most) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

BoundedExecutor::~BoundedExecutor() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

bool BoundedExecutor::try_post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_ || queue_.size() >= queued_at_most_) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void BoundedExecutor::run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
  }
}

}  // namespace lathe::scheduler
