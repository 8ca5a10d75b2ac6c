// Complex transforms in single precision on the GPU, many of one length at a time, by cuFFT.
//
// Forward: X[k] = sum over n of x[n] e^(-2 pi i k n / N). Inverse: with e^(+...), not divided by N.
#pragma once

#include <cufft.h>

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/device_buffer.h"
#include "kernels/cuda/stream.h"

namespace lathe::cuda {

class FftPlan {
 public:
  // `batch` transforms of `points` points that lie one behind the other. All work goes onto `stream`, which outlives
  // the plan. Throws std::invalid_argument unless both are at least 1, BackendAbsent without cuFFT, CudaError.
  FftPlan(std::int64_t points, std::int64_t batch, const Stream& stream);
  ~FftPlan();
  FftPlan(FftPlan&& other) noexcept;
  FftPlan& operator=(FftPlan&& other) noexcept;

  // In place, on points x batch values in device memory. Return at once. Throw CudaError.
  void forward(cufftComplex* data) const;
  void inverse(cufftComplex* data) const;

  std::int64_t points() const { return points_; }
  std::int64_t batch() const { return batch_; }
  // Device memory the plan holds beside the data.
  std::int64_t work_bytes() const { return work_.size(); }

 private:
  std::int64_t points_, batch_;
  cufftHandle plan_ = 0;
  bool is_owner_ = false;  // cuFFT names no handle that is none
  DeviceBuffer<std::byte> work_;
};

}  // namespace lathe::cuda
