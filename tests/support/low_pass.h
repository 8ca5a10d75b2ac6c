// Windowed-sinc low-pass filters: for making test signals and for interpolating them.
#pragma once

#include <cstdint>

#include "tests/support/track.h"

namespace lathe::test {

double sinc(double x);

// Kaiser's window (Kaiser 1974) at u = -1 .. 1; 0 outside.
double kaiser(double u, double beta);

// h[0..half] of a symmetric low-pass: sinc of `cutoff` cycles a sample under a Kaiser window, unity at DC.
Signal kaiser_low_pass(std::int64_t half, double cutoff, double beta);

// White noise with nothing left above `highest` cycles a sample (80 dB down), its ends faded.
Signal band_limited_noise(Random& random, double rms, double highest, std::int64_t frames);

}  // namespace lathe::test
