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
  // taps = h[0..half]. Points: at least four kernel lengths and 4096, and up to 65,536 where that makes the cost per
  // sample, log2 N / (1 - 2 half / N), lower; beyond, a transform leaves the second-level cache.
  explicit OverlapSaveKernel(const std::vector<double>& taps);
  // With at least `points` points (a power of two) and no more than that if they hold two kernels.
  OverlapSaveKernel(const std::vector<double>& taps, std::int64_t points);

  std::int64_t points() const { return fft_.points(); }
  std::int64_t half() const { return half_; }
  // Samples of output a block gives: a multiple of 16.
  std::int64_t hop() const { return hop_; }
  // Whether the kernel is {1}: what it leaves alone need not go through a transform.
  bool is_identity() const { return is_identity_; }

  // Bins 0 .. points() / 2 of the kernel's spectrum, real and even, divided by points(): what a device multiplies by.
  const AlignedArray<float>& response() const { return response_; }

  // Filters two blocks at once: from_a and from_b hold points() samples each, the first `half` and the last of them
  // only feed the filter. Of the results (64-byte aligned), samples [half, half + hop) are those of the convolution
  // (centred: no delay).
  void filter(const float* from_a, const float* from_b, float* a, float* b) const {
    fft_.filter(spectrum_, from_a, from_b, a, b);
  }

 private:
  std::int64_t half_;
  LongFft fft_;
  std::int64_t hop_;
  bool is_identity_;
  AlignedArray<float> spectrum_;
  AlignedArray<float> response_;
};

}  // namespace lathe
