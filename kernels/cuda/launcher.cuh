// Runs block kernels, copies and transforms on a GPU, in the order of one stream: the twin of block::CpuLauncher.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <type_traits>
#include <utility>

#include "kernels/cuda/accelerator.h"
#include "kernels/cuda/event.h"
#include "kernels/cuda/pinned_pool.h"
#include "kernels/cuda/prove_device.h"
#include "kernels/cuda/stream.h"
#include "kernels/cuda/stream_buffer.h"
#include "kernels/fft/batch_fft.h"

namespace lathe::cuda {

// What block_kernel.h calls a block, on a device.
class DeviceBlock {
 public:
  template <class T>
  class PerThread {
   public:
    __device__ T& operator[](int) { return value_; }

   private:
    T value_;
  };

  __device__ std::int64_t index() const { return blockIdx.x; }

  template <class T>
  __device__ T read(const T& shared) const {
    const T value = shared;
    __syncthreads();
    return value;
  }

  template <class Body>
  __device__ __forceinline__ void phase(Body&& body) {
    body(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
};

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run_kernel(const __grid_constant__ Kernel kernel) {
  static_assert(std::is_trivial_v<typename Kernel::Shared>, "shared memory is not constructed");
  __shared__ typename Kernel::Shared shared;
  DeviceBlock block;
  kernel.run(block, shared);
}

class Launcher final : public Accelerator {
 public:
  template <class T>
  using Buffer = StreamBuffer<T>;
  template <class T>
  using HostBuffer = PinnedPool::Buffer<T>;

  // On the device of cuda_status(), for the calling thread. With `poison`, new memory is filled with NaN, so that what
  // nobody wrote is seen. Throws BackendAbsent, CudaError.
  explicit Launcher(bool poison);

  const Stream& stream() const { return stream_; }

  template <class T>
  Buffer<T> make_buffer(std::int64_t size) {
    Buffer<T> buffer(size, stream_);
    if (poison_ && size > 0) {
      check(cudaMemsetAsync(buffer.data(), 0xff, static_cast<std::size_t>(size) * sizeof(T), stream_.get()),
            "fill device memory");
    }
    return buffer;
  }
  template <class T>
  HostBuffer<T> make_host_buffer(std::int64_t size) {
    return pinned_.take<T>(size);
  }

  template <class T>
  void upload(const T* from, std::int64_t count, T* to) {
    copy(from, count, to, cudaMemcpyHostToDevice, "copy to the device");
  }
  template <class T>
  void download(const T* from, std::int64_t count, T* to) {
    copy(from, count, to, cudaMemcpyDeviceToHost, "copy from the device");
  }
  template <class T>
  void download_rows(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
                     std::int64_t to_stride) {
    copy_2d(from, from_stride, rows, count, to, to_stride, cudaMemcpyDeviceToHost, "copy rows from the device");
  }
  template <class T>
  void copy_rows(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
                 std::int64_t to_stride) {
    copy_2d(from, from_stride, rows, count, to, to_stride, cudaMemcpyDeviceToDevice, "copy rows within the device");
  }
  template <class T>
  void fill_zero(T* data, std::int64_t count) {
    if (count == 0) return;
    check(cudaMemsetAsync(data, 0, static_cast<std::size_t>(count) * sizeof(T), stream_.get()), "clear device memory");
  }

  template <class Kernel>
  void launch(const Kernel& kernel, std::int64_t blocks) {
    if (blocks == 0) return;
    run_kernel<<<static_cast<unsigned>(blocks), Kernel::kThreads, 0, stream_.get()>>>(kernel);
    check_launch("launch a kernel");
    note_launch();
  }

  // Transforms that a stage asks for together: as many as stay in the second-level cache from step to step (50 MB on an
  // H200, 40 MB on an A100) with cuFFT's own work area.
  std::int64_t transforms_at_once(std::int64_t points) const {
    return kTransformBytes > 8 * points ? kTransformBytes / (8 * points) : 1;
  }

  // One for each shape; a few are kept.
  BatchFft& fft(std::int64_t points, std::int64_t batch);

  using Mark = Event;
  Mark mark() {
    Event event;
    event.record(stream_);
    return event;
  }
  void wait(const Mark& mark) { mark.wait(); }
  void synchronize() { stream_.synchronize(); }
  // The same before memory goes that copies may still be going to: whatever has failed, nothing runs afterwards.
  void settle() noexcept { cudaStreamSynchronize(stream_.get()); }

  void release_memory() noexcept override;

 private:
  static constexpr std::int64_t kTransformBytes = 16 << 20;

  Launcher(Stream stream, bool poison);
  friend void prove_device();

  template <class T>
  void copy(const T* from, std::int64_t count, T* to, cudaMemcpyKind kind, const char* what) {
    if (count == 0) return;
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(count) * sizeof(T), kind, stream_.get()), what);
  }
  template <class T>
  void copy_2d(const T* from, std::int64_t from_stride, std::int64_t rows, std::int64_t count, T* to,
               std::int64_t to_stride, cudaMemcpyKind kind, const char* what) {
    if (rows == 0 || count == 0) return;
    const auto bytes = [](std::int64_t values) { return static_cast<std::size_t>(values) * sizeof(T); };
    check(cudaMemcpy2DAsync(to, bytes(to_stride), from, bytes(from_stride), bytes(count),
                            static_cast<std::size_t>(rows), kind, stream_.get()),
          what);
  }
  static void note_launch();

  Stream stream_;
  bool poison_;
  PinnedPool pinned_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<BatchFft>> ffts_;
};

}  // namespace lathe::cuda
