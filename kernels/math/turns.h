// Sine, cosine and logarithm that round alike on every machine: for phases and levels that reach the samples.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

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

// Natural logarithm of a normal x > 0 (smaller ones read as the smallest), error below 1e-12.
LATHE_HOST_DEVICE inline double natural_log(double x) {
  if (!(x > 2.3e-308)) x = 2.3e-308;
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  std::memcpy(&m, &bits, sizeof m);
  if (m > 1.41421356237309505) {
    m *= 0.5;
    ++exponent;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  const double series =
      1 + s2 * (1.0 / 3 + s2 * (1.0 / 5 + s2 * (1.0 / 7 + s2 * (1.0 / 9 + s2 * (1.0 / 11 + s2 * (1.0 / 13))))));
  return 2 * s * series + 0.693147180559945309417 * exponent;
}

}  // namespace lathe
