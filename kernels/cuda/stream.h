// A CUDA stream: what is pushed onto it runs in order, beside other streams and the CPU.
#pragma once

#include <utility>

#include "kernels/cuda/error.h"

namespace lathe::cuda {

class Stream {
 public:
  // A stream that does not wait for the default stream. Throws CudaError.
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "make a stream"); }
  ~Stream() {
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }

  cudaStream_t get() const { return stream_; }

  // Waits for all that was pushed. Throws CudaError for what failed in it.
  void synchronize() const { check(cudaStreamSynchronize(stream_), "wait for a stream"); }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace lathe::cuda
