// Natural logarithm and exponential that give the same bits on every processor with IEEE arithmetic: the C library's
// pick their code by processor.
#pragma once

#include <cstdint>

#include "kernels/math/bits.h"
#include "kernels/math/host_device.h"

namespace lathe {

// ln x of a normal number above 0, within 4e-16 relative or absolute. With x = m 2^e and m in [sqrt(1/2), sqrt(2)),
// ln m = 2 atanh((m - 1) / (m + 1)) as a series.
LATHE_HOST_DEVICE inline double portable_log(double x) {
  const auto bits = bits_as<std::uint64_t>(x);
  std::int64_t exponent = static_cast<std::int64_t>(bits >> 52) - 1023;
  double m = bits_as<double>((bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent += 1;
  }
  const double s = (m - 1) / (m + 1), t = s * s;
  double sum = 1.0 / 21;
  for (int k = 19; k >= 1; k -= 2) sum = sum * t + 1.0 / k;
  return static_cast<double>(exponent) * 0.69314718055994531 + 2 * s * sum;
}

// e^x within 2e-15 relative; x is held within -700 and 700. With x = k ln 2 + r and |r| <= ln 2 / 2, e^r as a series.
LATHE_HOST_DEVICE inline double portable_exp(double x) {
  if (!(x > -700)) x = -700;
  if (x > 700) x = 700;
  const double scaled = x * 1.4426950408889634;
  const auto k = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double r =
      (x - static_cast<double>(k) * 0.693147180369123816490) - static_cast<double>(k) * 1.90821492927058770002e-10;
  double sum = 1;
  for (int n = 14; n >= 1; --n) sum = 1 + sum * r / n;
  return sum * bits_as<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

}  // namespace lathe
