// Where in a spectrum hum may be: frequencies with lines at their multiples that stay through the track.
#pragma once

#include <vector>

#include "kernels/restoration/hum_low_band.h"

namespace lathe {

struct HumCandidate {
  double freq_hz = 0;
  double score = 0;  // sum over harmonics of ln(line over its neighbours), mean over the track; above 1 is worth a look
  bool is_mains = false;  // near 50 or 60 Hz
};

// Spectra of Hann windows of 4 to 6 s; of each bin the logarithm of its power over its neighbours' mean, clamped to
// 0..3, is averaged over at most 96 windows: what is always there scores, notes don't (after Brandt and Bitzer 2014,
// whose quantile fails where hum begins in the middle). Then the sum over the harmonics of each fundamental from 15 to
// 500 Hz. Best first; the best near each mains frequency is always among them. `given_hz` above 0: that one alone.
std::vector<HumCandidate> find_hum_candidates(const LowBand& low, int harmonics, double given_hz);

}  // namespace lathe
