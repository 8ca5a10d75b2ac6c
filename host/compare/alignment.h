// How one track lies in another, to the frame and a part of it: delay, polarity, which channel is which.
//
// At each delay that the envelopes allow, the samples themselves are correlated over the loudest third of a second of
// each eighth of A: r_ij[d] = sum a_i[n] b_j[n + d]. The delay with the largest normalised sum of |r| over the channels
// is the one; the signs there are the polarities. The part of a frame is the slope of the cross-spectrum's phase,
// weighted by its power.
#pragma once

#include <cstdint>
#include <vector>

#include "host/compare/compared_track.h"

namespace lathe {

struct Alignment {
  bool is_found = false;          // else the two have nothing in common to be aligned by
  std::int64_t delay_frames = 0;  // frame n of A is frame n + delay of B
  double fraction_frames = 0;     // and this much later, within half a frame
  bool is_swapped = false;        // A's left is B's right
  std::vector<bool> is_inverted;  // one a channel of A
  double correlation = 0;         // normalised, at that delay: 1 for the same sound
};

// Both tracks at the same rate with the same channels. `levels`: the energy of A in consecutive pieces of
// `level_frames`. `delays`: right to within `margin` frames. Reads both tracks once.
Alignment align(ComparedTrack& a, ComparedTrack& b, const std::vector<double>& levels, std::int64_t level_frames,
                const std::vector<std::int64_t>& delays, std::int64_t margin);

}  // namespace lathe
