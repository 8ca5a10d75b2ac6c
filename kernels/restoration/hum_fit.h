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
  std::vector<double> phase;   // [m], radians beside 2 pi freq_hz t
  std::vector<Complex64> a;    // [c * lines + k][m]
  std::vector<double> weight;  // [c * lines + k][m]
  std::vector<Complex64> z;    // [c * lines + k][m], turned back by k phase
  std::vector<char> is_on;     // [m]: whether there is hum at all
  double merit = 0;            // likelihood of coherent lines with impartial_weights: what fits are chosen by

  std::int64_t at(int channel, int line) const { return (channel * lines + line) * count; }
};

// From a first guess of the phase; frames that `is_on` says are without hum count not at all (empty: all are with it).
// `rounds`: where it begins; a bass beside the fundamental leads that one astray, much drift the higher ones.
enum class HumRounds { from_first, from_second, all, polish };
HumFit fit_hum(const HumFrames& frames, const std::vector<double>& start, HumRounds rounds,
               std::vector<char> is_on = {});

// Where the fitted hum is and where it isn't: the likelier of the two for each frame, where a change costs as much as
// its odds of one in 10^6 (Viterbi). Weights are those of impartial_weights.
std::vector<char> hum_presence(const HumFit& fit);

// 1 / (2 (mean power of 2 reach + 1 frames + the line's own)): of a passage with the line as of one without it. The
// weights of the fit know where the line fits; these don't.
std::vector<double> impartial_weights(const Complex64* z, double level, std::int64_t count, std::int64_t reach);

}  // namespace lathe
