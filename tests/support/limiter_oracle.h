// What any limiter curve must satisfy, whatever its ballistics: the reduction each group needs, and the gain applied.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

// max(0, 1 - ceiling / (gain * peak)) of each group.
std::vector<double> needed_reduction(std::span<const double> peaks, double gain, double ceiling);

// The largest amount by which a piecewise linear reduction (one knot a group start, one at the end) stays under what a
// group needs anywhere in it; 0 or less when every group has what it needs.
double worst_shortfall(std::span<const double> needed, std::span<const float> knots);

// The reduction of each group by a limiter as ffmpeg's alimiter is described: 5 ms before a peak it begins to fall to
// what is needed in a straight line, and comes back over a release of 50 ms.
std::vector<double> plain_limiter(std::span<const double> needed, double group_ms);

// x * gain * (1 - reduction), the reduction linear over each group of `group` frames.
Signal gained(const Signal& x, double gain, std::span<const float> knots, std::int64_t group);

}  // namespace lathe::test
