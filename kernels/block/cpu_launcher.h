// A device made of the CPU: memory, copies, transforms and block kernels as a CUDA launcher has them, one after
// another.
//
// What orders the work of a stage on a device (device_eq.h, device_meter.h, …) is a template over its launcher, so with
// this one the very same text runs under a debugger and the sanitizers, with no GPU. Users get the lane kernels
// instead.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "kernels/aligned.h"
#include "kernels/block/block_kernel.h"
#include "kernels/block/checked_memory.h"
#include "kernels/fft/batch_fft.h"

namespace lathe::block {

class CpuLauncher {
 public:
  // Owned memory, at first full of bits that are NaN in every floating type.
  template <class T>
  class Buffer {
   public:
    Buffer() = default;
    explicit Buffer(std::int64_t size) : values_(static_cast<std::size_t>(size)) {
      if (size > 0) std::memset(static_cast<void*>(values_.data()), 0xff, static_cast<std::size_t>(size) * sizeof(T));
    }
    T* data() { return values_.data(); }
    const T* data() const { return values_.data(); }
    std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
    GlobalSpan<T> span() { return {data(), size()}; }
    GlobalSpan<const T> span() const { return {data(), size()}; }

   private:
    AlignedArray<T> values_;
  };
  template <class T>
  using HostBuffer = Buffer<T>;

  explicit CpuLauncher(ThreadOrder order = ThreadOrder::forward) : order_(order) {}

  template <class T>
  Buffer<T> make_buffer(std::int64_t size) {
    return Buffer<T>(size);
  }
  // Memory of the host that copies to and from the device go through.
  template <class T>
  HostBuffer<T> make_host_buffer(std::int64_t size) {
    return Buffer<T>(size);
  }

  template <class T>
  void upload(const T* from, std::int64_t count, T* to) {
    std::copy_n(from, count, to);
  }
  template <class T>
  void download(const T* from, std::int64_t count, T* to) {
    std::copy_n(from, count, to);
  }
  // Rows of `count` values, `from_stride` and `to_stride` values apart.
  template <class T>
  void download_rows(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
                     std::int64_t to_stride) {
    for (std::int64_t r = 0; r < rows; ++r) std::copy_n(from + r * from_stride, count, to + r * to_stride);
  }
  // Within the device; the ranges do not overlap.
  template <class T>
  void copy_rows(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
                 std::int64_t to_stride) {
    download_rows(from, from_stride, rows, count, to, to_stride);
  }
  template <class T>
  void fill_zero(T* data, std::int64_t count) {
    std::fill_n(data, count, T{});
  }

  // Runs blocks 0 .. blocks - 1; nothing for 0.
  template <class Kernel>
  void launch(const Kernel& kernel, std::int64_t blocks) {
    launch_on_cpu(kernel, blocks, order_);
  }

  // Transforms that a stage asks for together: what the lanes take; longer ones are made one by one (batch_fft.h).
  std::int64_t transforms_at_once(std::int64_t points) const { return points > (1 << 16) ? 1 : 16; }

  // One for each shape, kept.
  BatchFft& fft(std::int64_t points, std::int64_t batch) {
    auto& fft = ffts_[{points, batch}];
    if (!fft) fft = cpu::make_batch_fft(points, batch);
    return *fft;
  }

  // A mark stands for all that was asked for before it. Here all of that is done at once.
  struct Mark {};
  Mark mark() { return {}; }
  void wait(const Mark&) {}
  void synchronize() {}
  void settle() noexcept {}

 private:
  ThreadOrder order_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<BatchFft>> ffts_;
};

}  // namespace lathe::block
