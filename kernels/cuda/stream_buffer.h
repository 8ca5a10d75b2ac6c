// Memory of the GPU taken and given back in a stream's order: cheap, because the driver keeps what is given back.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/block/checked_memory.h"
#include "kernels/cuda/error.h"
#include "kernels/cuda/stream.h"

namespace lathe::cuda {

// `size` values of T, not initialised, for work on one stream, which outlives the buffer.
template <class T>
class StreamBuffer {
  static_assert(std::is_trivially_copyable_v<T>, "the GPU runs no constructors");

 public:
  StreamBuffer() = default;
  // Throws CudaError when memory is short.
  StreamBuffer(std::int64_t size, const Stream& stream) : size_(size), stream_(&stream) {
    if (size > 0) {
      check(cudaMallocAsync(reinterpret_cast<void**>(&data_), static_cast<std::size_t>(size) * sizeof(T), stream.get()),
            "take device memory");
    }
  }
  ~StreamBuffer() {
    if (data_ != nullptr) cudaFreeAsync(data_, stream_->get());
  }
  StreamBuffer(StreamBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        stream_(std::exchange(other.stream_, nullptr)) {}
  StreamBuffer& operator=(StreamBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(stream_, other.stream_);
    return *this;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }
  block::GlobalSpan<T> span() { return {data_, size_}; }
  block::GlobalSpan<const T> span() const { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  std::int64_t size_ = 0;
  const Stream* stream_ = nullptr;
};

}  // namespace lathe::cuda
