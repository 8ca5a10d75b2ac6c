// Memory of the GPU, and the copies between it and the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "kernels/cuda/error.h"
#include "kernels/cuda/stream.h"

namespace lathe::cuda {

// `size` values of T, not initialised. Copies are pushed onto a stream: they are over after synchronize(), and
// asynchronous only to and from pinned memory.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>, "the GPU runs no constructors");

 public:
  DeviceBuffer() = default;
  // Throws std::invalid_argument for a size below 0 or beyond what bytes can count, CudaError when memory is short.
  explicit DeviceBuffer(std::int64_t size) : size_(size) {
    if (size < 0 || size > std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(sizeof(T)))
      throw std::invalid_argument("a device buffer of " + std::to_string(size) + " values");
    if (size > 0) check(cudaMalloc(reinterpret_cast<void**>(&data_), bytes_of(size)), "take device memory");
  }
  // Waits for what the device still does with the memory.
  ~DeviceBuffer() {
    if (data_ != nullptr) cudaFree(data_);
  }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }

  // Copies `count` values from or to the host, this buffer's from `first` on. Throws std::out_of_range past the end.
  void upload(const T* from, std::int64_t count, const Stream& stream, std::int64_t first = 0) {
    if (!has_range(first, count)) return;
    check(cudaMemcpyAsync(data_ + first, from, bytes_of(count), cudaMemcpyHostToDevice, stream.get()),
          "copy to the device");
  }
  void download(T* to, std::int64_t count, const Stream& stream, std::int64_t first = 0) const {
    if (!has_range(first, count)) return;
    check(cudaMemcpyAsync(to, data_ + first, bytes_of(count), cudaMemcpyDeviceToHost, stream.get()),
          "copy from the device");
  }
  // Every byte becomes `byte`: 0 for zeros, 0xff for NaN.
  void fill(std::uint8_t byte, const Stream& stream) {
    if (size_ > 0) check(cudaMemsetAsync(data_, byte, bytes_of(size_), stream.get()), "fill device memory");
  }

 private:
  static std::size_t bytes_of(std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(T); }
  bool has_range(std::int64_t first, std::int64_t count) const {
    if (first < 0 || count < 0 || first > size_ - count) throw std::out_of_range("a copy leaves a device buffer");
    return count > 0;
  }

  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace lathe::cuda
