// Convolution of a stream with a symmetric or a causal kernel by overlap-save, two blocks of a channel in one complex
// transform.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/fft/lane_fft.h"

namespace lathe {

// The spectrum of a symmetric kernel h[-half..half], or of a causal one h[0..half], for blocks of `points()` samples,
// of which `hop()` come out whole. Immutable: one serves all channels and threads.
class OverlapSaveKernel {
 public:
  // taps = h[0..half]. Points: at least four kernel lengths and 4096, and up to 65,536 where that makes the cost per
  // sample, log2 N / (1 - 2 half / N), lower; beyond, a transform leaves the second-level cache.
  explicit OverlapSaveKernel(const std::vector<double>& taps);
  // With at least `points` points (a power of two) and no more than that if they hold two kernels.
  OverlapSaveKernel(const std::vector<double>& taps, std::int64_t points);

  // h[0..half], 0 before: nothing is delayed, and nothing comes early.
  static OverlapSaveKernel causal(const std::vector<double>& taps);

  std::int64_t points() const { return fft_.points(); }
  // Samples before one that its result takes, and those behind it.
  std::int64_t half() const { return half_; }
  std::int64_t behind() const { return is_causal_ ? 0 : half_; }
  bool is_causal() const { return is_causal_; }
  // Samples of output a block gives: a multiple of 16.
  std::int64_t hop() const { return hop_; }
  // Whether the kernel is {1}: what it leaves alone need not go through a transform.
  bool is_identity() const { return is_identity_; }

  // Bins 0 .. points() / 2 of the kernel's spectrum, real and even, divided by points(): what a device multiplies by.
  // Of a causal kernel it is complex: real and imaginary part of each bin in turn.
  const AlignedArray<float>& response() const { return response_; }

  // Filters two blocks at once: from_a and from_b hold points() samples each, the first `half` and the last of them
  // only feed the filter. Of the results (64-byte aligned), samples [half, half + hop) are those of the convolution
  // (centred: no delay).
  void filter(const float* from_a, const float* from_b, float* a, float* b) const {
    if (is_causal_) return fft_.filter(spectrum_, spectrum_im_, from_a, from_b, a, b);
    fft_.filter(spectrum_, from_a, from_b, a, b);
  }

 private:
  struct Causal {};
  OverlapSaveKernel(const std::vector<double>& taps, Causal);

  std::int64_t half_;
  LongFft fft_;
  std::int64_t hop_;
  bool is_identity_;
  bool is_causal_ = false;
  AlignedArray<float> spectrum_;
  AlignedArray<float> spectrum_im_;  // of a causal kernel
  AlignedArray<float> response_;
};

}  // namespace lathe
