// Convolution with a symmetric kernel as it is defined.
#pragma once

#include <cstdint>
#include <span>

#include "tests/support/track.h"

namespace lathe::test {

// y[n] = sum over k = -half..half of taps[|k|] x[n - k], half = taps.size() - 1, x silent outside.
double convolved_at(std::span<const double> x, std::span<const double> taps, std::int64_t n);

// The same with x repeating for ever: circular convolution.
Signal circularly_convolved(std::span<const double> x, std::span<const double> taps);

}  // namespace lathe::test
