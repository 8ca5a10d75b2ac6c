// What one worker thread holds of a GPU from track to track: a stream, pinned memory, transforms' plans. No CUDA here.
#pragma once

#include <cstdint>
#include <memory>

namespace lathe::cuda {

class Accelerator {
 public:
  virtual ~Accelerator() = default;

  // Gives pinned and pooled memory back to the system, as far as the device still lets it.
  virtual void release_memory() noexcept = 0;

 protected:
  Accelerator() = default;
};

// On the device of cuda_status(), for the calling thread only. With `poison`, device memory is filled with NaN before
// use, so that what nobody wrote is seen (tests). Throws BackendAbsent without a device, CudaError.
std::unique_ptr<Accelerator> open_accelerator(bool poison = false);

// Kernels of ours that have been launched on a GPU by this process: what proves that it really worked.
std::int64_t kernel_launches();

}  // namespace lathe::cuda
