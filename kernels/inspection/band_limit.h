// Where a track's spectrum ends, how steeply, and what is left above: what lossy coding and up-sampling leave behind.
//
// The average spectrum, of all channels, is summed in bands of eight bins. A wall is where the mean level (in dB) of
// the six bands below an edge exceeds that of the six above it by most, with the bands of a transition between them not
// counted. Real instruments and microphones end in a slope; encoders and resamplers cut with a filter of a few hundred
// hertz to a kilohertz or two, to next to nothing. That the floor above the wall is as low as the rounding of the
// samples themselves tells them from music that is merely dull.
#pragma once

#include <optional>

#include "kernels/inspection/average_spectrum.h"

namespace lathe {

struct BandLimit {
  double cutoff_hz = 0;    // where the wall begins to fall
  double foot_hz = 0;      // from here on it is within 6 dB of the floor
  double wall_db = 0;      // by how much the level falls
  double floor_db_hz = 0;  // mean level behind the wall, to the top of the spectrum, dBFS per hertz
};

// The steepest wall whose cut-off lies in [from_hz, to_hz], with a transition of `transition_hz`. None for a spectrum
// that is empty or silent, or with no room for a wall there.
std::optional<BandLimit> find_band_limit(const Spectrum& spectrum, double from_hz, double to_hz, double transition_hz);

}  // namespace lathe
