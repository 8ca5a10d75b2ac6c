// Arrays as long as a track, a value for each few of its frames: on the heap, or where their owner wants them, as in a
// file, when a track is long and memory short.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace lathe {

class TraceMemory {
 public:
  virtual ~TraceMemory() = default;

  // Aligned for any type. Throws std::bad_alloc or what its kind of memory throws.
  virtual void* take(std::size_t bytes) = 0;
  virtual void give_back(void* memory, std::size_t bytes) noexcept = 0;
};

template <class T>
class TraceAllocator {
 public:
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  // Null: the heap.
  explicit TraceAllocator(std::shared_ptr<TraceMemory> memory = nullptr) : memory_(std::move(memory)) {}
  template <class U>
  explicit TraceAllocator(const TraceAllocator<U>& other) : memory_(other.memory()) {}
  // Copied where it might be moved: what a vector was moved from still allocates where it did.
  TraceAllocator(const TraceAllocator&) = default;
  TraceAllocator& operator=(const TraceAllocator&) = default;

  T* allocate(std::size_t count) {
    if (memory_ == nullptr) return std::allocator<T>().allocate(count);
    return static_cast<T*>(memory_->take(count * sizeof(T)));
  }
  void deallocate(T* values, std::size_t count) noexcept {
    if (memory_ == nullptr) return std::allocator<T>().deallocate(values, count);
    memory_->give_back(values, count * sizeof(T));
  }

  const std::shared_ptr<TraceMemory>& memory() const { return memory_; }
  friend bool operator==(const TraceAllocator& a, const TraceAllocator& b) { return a.memory_ == b.memory_; }

 private:
  std::shared_ptr<TraceMemory> memory_;
};

using TraceVector = std::vector<float, TraceAllocator<float>>;

}  // namespace lathe
