// Integrated loudness straight from the text of ITU-R BS.1770-5 Annex 1: biquads sample by sample, blocks, two gates.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

// y = b0 x + b1 x[-1] + b2 x[-2] - a1 y[-1] - a2 y[-2]
struct FilterStage {
  double b0, b1, b2, a1, a2;
};

// The tables of the text at 48 kHz; at other rates what k_weighting() fitted to their response, which k_weighting_test
// holds to k_weighting_gain_oracle.
std::array<FilterStage, 2> k_weighting_oracle(double sample_rate_hz);

// |H(f)| of both tables together, whatever the rate of the track: "the same frequency response that the specified
// filter provides at 48 kHz". Up to 24 kHz.
double k_weighting_gain_oracle(double frequency_hz);

Signal k_weighted(const Signal& x, double sample_rate_hz);

// In LUFS; minus infinity when no block passes the gates. One weight a channel.
double integrated_loudness_oracle(const std::vector<Signal>& channels, const std::vector<double>& weights,
                                  double sample_rate_hz);

}  // namespace lathe::test
