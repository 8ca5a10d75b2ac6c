// What measuring a track gives, whatever it was measured on.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/math/gating.h"

namespace lathe {

// Figures of one track. A level of nothing is minus infinity.
struct LoudnessFigures {
  double integrated_lufs;
  double loudness_range_lu;
  double max_momentary_lufs;
  double max_short_term_lufs;
  double true_peak_dbtp;
  double sample_peak_dbfs;
};

// What a limiter and a loudness solver need beside the figures, kept when asked for: one value for each group of
// kPeakGroup frames, over all channels.
struct GroupTrace {
  std::vector<float> sample_peak;  // max |x|
  std::vector<float> bend;         // max |x[n-1] - 2 x[n] + x[n+1]|: between samples x strays by a part of it
  std::vector<float> power;        // weighted sum of squares of the K-weighted signal
};

struct LoudnessReading {
  LoudnessFigures figures{};
  HopEnergies hops;
  GroupTrace trace;        // empty unless asked for
  double true_peak = 0;    // linear
  double sample_peak = 0;  // linear
};

}  // namespace lathe
