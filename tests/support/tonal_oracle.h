// The long-term spectrum and its balance as they are defined, in double precision.
#pragma once

#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

struct LongTermOracle {
  std::vector<double> power, side;  // as in LongTermSpectrum
  std::int64_t loud_segments = 0;
};

// Segments of `points` frames, half of each shared with the next, of one or two channels; the relative gate stands at
// its exact place.
LongTermOracle long_term_oracle(const std::vector<Signal>& channels, double rate_hz, std::int64_t points);

// Mean density a Hz at frequency_hz, every bin weighed by the raised cosine of balance_line.h.
double density_oracle(const std::vector<double>& power, double bin_hz, double frequency_hz);

// Power of a band of a third of an octave about frequency_hz: the bins in it.
double third_octave_power(const std::vector<double>& power, double bin_hz, double frequency_hz);

}  // namespace lathe::test
