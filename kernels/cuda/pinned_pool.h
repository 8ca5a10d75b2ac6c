// Pinned host memory that is kept from track to track: pinning takes longer than mastering does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/pinned_buffer.h"

namespace lathe::cuda {

// For one thread. Buffers taken from it may outlive it.
class PinnedPool {
  using Memory = PinnedBuffer<std::byte>;
  using Shelf = std::vector<Memory>;

 public:
  // `size()` values of T, not initialised; back on the shelf at the end of its life.
  template <class T>
  class Buffer {
   public:
    Buffer() = default;
    Buffer(Memory memory, std::int64_t size, std::shared_ptr<Shelf> shelf)
        : memory_(std::move(memory)), size_(size), shelf_(std::move(shelf)) {}
    ~Buffer() { give_back(); }
    Buffer(Buffer&&) noexcept = default;
    Buffer& operator=(Buffer&& other) noexcept {
      std::swap(memory_, other.memory_);
      std::swap(size_, other.size_);
      std::swap(shelf_, other.shelf_);
      return *this;
    }

    T* data() { return reinterpret_cast<T*>(memory_.data()); }
    const T* data() const { return reinterpret_cast<const T*>(memory_.data()); }
    std::int64_t size() const { return size_; }

   private:
    void give_back() noexcept {
      if (!shelf_ || memory_.size() == 0) return;
      try {
        shelf_->push_back(std::move(memory_));
      } catch (const std::bad_alloc&) {  // no place on the shelf: the memory is freed instead
      }
    }

    Memory memory_;
    std::int64_t size_ = 0;
    std::shared_ptr<Shelf> shelf_;
  };

  // The smallest on the shelf that is large enough, or a new one. Throws CudaError when memory is short.
  template <class T>
  Buffer<T> take(std::int64_t size) {
    const std::int64_t bytes = size * static_cast<std::int64_t>(sizeof(T));
    auto best = shelf_->end();
    for (auto it = shelf_->begin(); it != shelf_->end(); ++it) {
      if (it->size() >= bytes && (best == shelf_->end() || it->size() < best->size())) best = it;
    }
    if (best == shelf_->end()) return {Memory(bytes), size, shelf_};
    Memory memory = std::move(*best);
    shelf_->erase(best);
    return {std::move(memory), size, shelf_};
  }

  void clear() { shelf_->clear(); }

 private:
  std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace lathe::cuda
