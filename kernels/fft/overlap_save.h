// Convolution of a stream with a symmetric kernel by overlap-save, two blocks of a channel in one complex transform.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/fft/lane_fft.h"

namespace lathe {

// The spectrum of a symmetric kernel h[-half..half] for blocks of `points()` samples, of which `hop()` come out whole.
// Immutable: one serves all channels and threads.
class OverlapSaveKernel {
 public:
  // taps = h[0..half]. Points = the power of two nearest above four kernel lengths, at least 4096: where the cost per
  // sample, (5 N log2 N) / (N - 2 half), is flat.
  explicit OverlapSaveKernel(const std::vector<double>& taps);

  std::int64_t points() const { return fft_.points(); }
  std::int64_t half() const { return half_; }
  // Samples of output a block gives: a multiple of 16.
  std::int64_t hop() const { return hop_; }

  // Filters two blocks at once. `a` and `b` hold points() samples each, 64-byte aligned; of the result, samples
  // [half, half + hop) are those of the convolution (centred: no delay).
  void filter(float* a, float* b) const { fft_.filter(spectrum_, a, b); }

 private:
  std::int64_t half_;
  LongFft fft_;
  std::int64_t hop_;
  AlignedArray<float> spectrum_;
};

}  // namespace lathe
