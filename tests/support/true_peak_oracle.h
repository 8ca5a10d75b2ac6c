// True peak as theory has it: band-limited interpolation of everything, with a filter long enough not to matter.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

// Interpolation at `phases` points a sample by `taps` of Kaiser-windowed sinc: with 512, flat within 0.001 dB up to
// 0.49 of the rate. Outside the signal there is silence, and the curve is followed into it.
class TruePeakOracle {
 public:
  explicit TruePeakOracle(int phases, int taps = 512);

  double peak(std::span<const double> x) const;

  // For each group of `group` frames the largest |x(n + p / phases)| over its frames n and all phases p. The curve
  // before the first frame belongs to no group.
  std::vector<double> group_peaks(std::span<const double> x, std::int64_t group) const;

 private:
  // Largest |value| in [n, n + 1) for each n of [first, end).
  std::vector<double> frame_peaks(std::span<const double> x, std::int64_t first, std::int64_t end) const;

  int phases_;
  int taps_;
  std::vector<double> coefficients_;  // phases_ rows of taps_
};

}  // namespace lathe::test
