// Batches of complex transforms of one length, where the samples lie: in the CPU's memory or in a device's.
#pragma once

#include <cstdint>
#include <memory>

namespace lathe {

// Loaded and stored at once.
struct alignas(8) Complex32 {
  float re, im;
};

// `batch()` sequences of `points()` values each, one after the other: value n of sequence b at [b * points + n]. In
// place, in the natural order of frequencies, unnormalised: inverse(forward(x)) = points * x. One thread at a time.
class BatchFft {
 public:
  virtual ~BatchFft() = default;

  std::int64_t points() const { return points_; }
  std::int64_t batch() const { return batch_; }

  // X[k] = sum over n of x[n] exp(-2 pi i k n / points). Throws CudaError on a device.
  virtual void forward(Complex32* data) = 0;
  // x[n] = sum over k of X[k] exp(+2 pi i k n / points).
  virtual void inverse(Complex32* data) = 0;

 protected:
  BatchFft(std::int64_t points, std::int64_t batch) : points_(points), batch_(batch) {}

 private:
  std::int64_t points_;
  std::int64_t batch_;
};

namespace cpu {

// On the lane transforms up to 2^16 points, in double precision beyond. Throws std::invalid_argument unless points is a
// power of two from 16 to 2^24 and batch at least 1.
std::unique_ptr<BatchFft> make_batch_fft(std::int64_t points, std::int64_t batch);

}  // namespace cpu
}  // namespace lathe
