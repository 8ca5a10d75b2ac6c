// How two channels are whitened, turned and weighed, bin by bin: the numbers that a denoiser's inner loops read.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/restoration/denoise_transform.h"

namespace lathe {

// The noise of a pair of channels for each bin: power as variance of white noise of that density, and the angle by
// which the whitened channels are turned, so that the first holds what they have in common.
struct PairNoise {
  std::vector<double> power[2];
  std::vector<double> angle;
  double correlation = 0;  // of the whitened noise of both
};

// For each bin 0 .. points / 2 of a transform.
struct PairWeights {
  // `share` of what is taken away is taken, for each bin; where it is 0 nothing is computed.
  PairWeights(const DenoiseTransform& transform, const PairNoise& noise, const std::vector<double>& share);

  std::int64_t first_bin = 0, last_bin = 0;  // that are weighed: first_bin to last_bin - 1
  AlignedArray<float> white[2];              // 1 / sqrt(noise power)
  AlignedArray<float> cos, sin;              // of the turn
  AlignedArray<float> scale[2];              // 1 / power of the noise of the turned channels
  AlignedArray<float> share;
};

}  // namespace lathe
