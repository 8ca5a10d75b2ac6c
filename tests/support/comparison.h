// How far two signals are apart, as a level.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace lathe::test {

inline double db(double amplitude) {
  return amplitude > 0 ? 20 * std::log10(amplitude) : -std::numeric_limits<double>::infinity();
}

// RMS of (got - want) relative to the RMS of want, in dB. Sizes that differ, and anything not finite, are +infinity.
template <class Got, class Want>
double residual_db(const Got& got, const Want& want) {
  if (std::size(got) != std::size(want)) return std::numeric_limits<double>::infinity();
  double error = 0, power = 0;
  for (std::size_t n = 0; n < std::size(want); ++n) {
    const double w = static_cast<double>(want[n]), d = static_cast<double>(got[n]) - w;
    error += d * d;
    power += w * w;
  }
  if (!std::isfinite(error) || !std::isfinite(power)) return std::numeric_limits<double>::infinity();
  return error == 0 ? -std::numeric_limits<double>::infinity() : 10 * std::log10(error / power);
}

// Largest |got - want|; +infinity where sizes differ or a difference is NaN.
template <class Got, class Want>
double worst_difference(const Got& got, const Want& want) {
  if (std::size(got) != std::size(want)) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t n = 0; n < std::size(want); ++n) {
    const double d = std::abs(static_cast<double>(got[n]) - static_cast<double>(want[n]));
    if (std::isnan(d)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, d);
  }
  return worst;
}

}  // namespace lathe::test
