// Host memory that stays in place, so that the GPU copies from and to it at full speed while the CPU works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "kernels/cuda/error.h"

namespace lathe::cuda {

// `size` values of T, not initialised.
template <class T>
class PinnedBuffer {
  static_assert(std::is_trivially_copyable_v<T>, "the GPU runs no constructors");

 public:
  PinnedBuffer() = default;
  // Throws std::invalid_argument for a size below 0 or beyond what bytes can count, CudaError when memory is short.
  explicit PinnedBuffer(std::int64_t size) : size_(size) {
    if (size < 0 || size > std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(sizeof(T)))
      throw std::invalid_argument("a pinned buffer of " + std::to_string(size) + " values");
    const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
    if (size > 0)
      check(cudaHostAlloc(reinterpret_cast<void**>(&data_), bytes, cudaHostAllocPortable), "pin host memory");
  }
  ~PinnedBuffer() {
    if (data_ != nullptr) cudaFreeHost(data_);
  }
  PinnedBuffer(PinnedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }

 private:
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace lathe::cuda
