// A hum's amplitudes and its phase, found together.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/hum_frames.h"

namespace lathe {

// z(c, k, m) = a(c, k, m) exp(i k phase(m)) + what isn't hum: one phase for all lines and channels, whose frequency
// wanders slowly; amplitudes that wander more slowly still. Least squares with the weight 1 / (2 local power of what is
// left), found anew each time round: passages without music at a line rule its amplitude. In turns: amplitudes by
// smooth_walk, then the phase from Im(conj(a) z) k by smooth_slope; with the fundamental first, whose phase goes astray
// least, then with more and more harmonics.
struct HumFit {
  double freq_hz = 0, hop_s = 0, first_s = 0;
  int lines = 0, channels = 0;
  std::int64_t count = 0;
  std::vector<double> phase;     // [m], radians beside 2 pi freq_hz t
  std::vector<Complex64> a;      // [c * lines + k][m]
  std::vector<double> weight;    // [c * lines + k][m]
  std::vector<Complex64> z;      // [c * lines + k][m], turned back by k phase
  double cost = 0;               // mean logarithm of what is left: the less, the better

  std::int64_t at(int channel, int line) const { return (channel * lines + line) * count; }
};

HumFit fit_hum(const HumFrames& frames, const std::vector<double>& start);

}  // namespace lathe
