// Keeps what all tracks in work hold together within the memory they were given.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace lathe::scheduler {

class MemoryBudget {
 public:
  virtual ~MemoryBudget() = default;

  virtual std::int64_t total() const = 0;

  // A share of the budget, given back when it goes out of scope.
  class Share {
   public:
    Share(MemoryBudget& budget, std::int64_t bytes) : budget_(&budget), bytes_(bytes) {}
    ~Share() {
      if (budget_ != nullptr) budget_->give_back(bytes_);
    }
    Share(Share&& other) noexcept : budget_(other.budget_), bytes_(other.bytes_) { other.budget_ = nullptr; }
    Share& operator=(Share&&) = delete;

   private:
    MemoryBudget* budget_;
    std::int64_t bytes_;
  };

  // Waits until so much is free. More than there is in all counts as all there is: such a track runs by itself.
  Share take(std::int64_t bytes) {
    bytes = bytes < total() ? bytes : total();
    reserve(bytes);
    return {*this, bytes};
  }

 private:
  virtual void reserve(std::int64_t bytes) = 0;
  virtual void give_back(std::int64_t bytes) = 0;
};

// The budget of the threads of one process.
class LocalMemoryBudget final : public MemoryBudget {
 public:
  explicit LocalMemoryBudget(std::int64_t bytes) : total_(bytes), free_(bytes) {}
  std::int64_t total() const override { return total_; }

 private:
  void reserve(std::int64_t bytes) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, bytes] { return free_ >= bytes; });
    free_ -= bytes;
  }
  void give_back(std::int64_t bytes) override {
    {
      const std::lock_guard lock(mutex_);
      free_ += bytes;
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::int64_t total_;
  std::int64_t free_;
};

// Most of the memory this process may have: 60 % of what is free now, within the limit of its control group.
std::int64_t default_memory_bytes();

// "1GiB", "1500MiB", "2G", "800M" or plain bytes. Throws std::invalid_argument that says what is taken.
std::int64_t parse_memory(const char* text);

}  // namespace lathe::scheduler
