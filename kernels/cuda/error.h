// Turns what CUDA calls return into exceptions: check(cudaMalloc(...), "take device memory").
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/cuda/cuda_error.h"

namespace lathe::cuda {

// Throws CudaError unless `result` is cudaSuccess: what was tried ("copy to the device"), CUDA's name and text for the
// error, and what to do when memory is short or the device is lost. Clears CUDA's last error if it can be cleared.
void check(cudaError_t result, const char* what);

// After a kernel launch: throws CudaError when the launch was refused. What fails while the kernel runs is thrown by a
// later check().
inline void check_launch(const char* kernel) { check(cudaGetLastError(), kernel); }

}  // namespace lathe::cuda
