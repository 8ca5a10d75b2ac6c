// Low-pass filters by the window method.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

// h(n), |n| <= half, from h(-half) on: a sinc of `cutoff` (in cycles a sample: half the amplitude there) under a Kaiser
// window (Kaiser and Schafer, IEEE ASSP 28(1), 1980; beta 7: 70 dB); sums to 1.
std::vector<double> kaiser_low_pass(double cutoff, std::int64_t half, double beta);

}  // namespace lathe
