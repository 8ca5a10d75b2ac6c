// The denoiser's filter as it is defined: two channels, known noise, in double precision, one frame at a time.
#pragma once

#include "kernels/restoration/pair_denoiser.h"
#include "tests/support/track.h"

namespace lathe::test {

// What is taken away from two channels by windows of `points` samples, half overlapping, of which the first starts
// `lead` samples before the track. The gain's numbers are the product's; what is done with them is not.
struct Removed {
  Signal channel[2];
};
Removed removed_noise(const Signal& a, const Signal& b, const PairNoise& noise, const std::vector<double>& share,
                      std::int64_t points, std::int64_t lead, double floor);

}  // namespace lathe::test
