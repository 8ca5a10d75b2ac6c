// Declipping by plain definitions in double precision, slow and short.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

// What ClipFrames::solve computes: the model of declip.h for frames of `points` samples, with dense matrices, Gaussian
// elimination and the C library's erfc. side: +1 or -1 where clipped.
Signal solve_clip_frames(const Signal& clipped, const std::vector<int>& side, std::int64_t points, int rounds);

// A-SPADE (Kitic, Bertin and Gribonval 2015, algorithm 2) over frames of `points` samples, three quarters overlapping,
// under a square-rooted Hann window; DFT of redundancy 2, one coefficient more an iteration, until what the threshold
// changes is under a thousandth of the frame.
Signal a_spade(const Signal& clipped, const std::vector<int>& side, std::int64_t points);

}  // namespace lathe::test
