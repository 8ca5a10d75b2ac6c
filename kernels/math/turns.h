// Sine and cosine that round alike on every machine: for phases that reach the samples.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/math/host_device.h"

namespace lathe {

struct CosSin {
  double cos = 1, sin = 0;
};

// cos and sin of 2 pi turns, |turns| < 2^40; Taylor's series on an eighth of a turn, error below 1e-15.
LATHE_HOST_DEVICE inline CosSin cos_sin_turns(double turns) {
  const double quarters = std::floor(turns * 4.0 + 0.5);
  const double y = (turns - 0.25 * quarters) * 6.283185307179586476925, y2 = y * y;
  const double s =
      y * (1 + y2 * (-1.0 / 6 +
                     y2 * (1.0 / 120 + y2 * (-1.0 / 5040 + y2 * (1.0 / 362880 + y2 * (-1.0 / 39916800 +
                                                                                      y2 * (1.0 / 6227020800.0 -
                                                                                            y2 / 1307674368000.0)))))));
  const double c =
      1 + y2 * (-0.5 + y2 * (1.0 / 24 +
                             y2 * (-1.0 / 720 +
                                   y2 * (1.0 / 40320 + y2 * (-1.0 / 3628800 + y2 * (1.0 / 479001600.0 +
                                                                                    y2 * (-1.0 / 87178291200.0 +
                                                                                          y2 / 20922789888000.0)))))));
  switch (static_cast<std::int64_t>(quarters) & 3) {
    case 0:
      return {c, s};
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    default:
      return {s, -c};
  }
}

}  // namespace lathe
