// Where in a spectrum hum may be: frequencies with lines at their multiples that stay through the track.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/hum_low_band.h"

namespace lathe {

struct HumCandidate {
  double freq_hz = 0;
  double score = 0;  // sum over harmonics of ln(line over its neighbours), mean over the track, less what noise gives
};

// Spectra of Hann windows of 4 to 6 s; of each bin the logarithm of its power over its neighbours' mean, clamped to
// 0..3, is averaged over at most 97 windows: what is always there scores, notes don't (after Brandt and Bitzer 2014,
// whose quantile fails where hum begins in the middle). A fundamental's score is the sum over its harmonics.
class HumSearch {
 public:
  HumSearch(const LowBand& low, int harmonics);

  // The fundamental in [from_hz, to_hz] with the highest score.
  HumCandidate best_between(double from_hz, double to_hz) const;
  // Up to `most` fundamentals in [from_hz, to_hz] that stand out, best first.
  std::vector<HumCandidate> outstanding(double from_hz, double to_hz, std::size_t most) const;

 private:
  double score(double freq_hz) const;

  int harmonics_;
  double bin_hz_ = 1;
  std::vector<double> rise_;  // per bin
};

}  // namespace lathe
