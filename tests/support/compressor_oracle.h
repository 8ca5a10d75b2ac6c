// The compressor as kernels/dynamics/compressor.h defines it, in double precision, frame by frame and group by group.
#pragma once

#include <vector>

#include "kernels/dynamics/compressor.h"
#include "tests/support/track.h"

namespace lathe::test {

// The reduction of each group of 8 frames in dB, a row a channel, of signals that a band is made of.
std::vector<Signal> oracle_reductions(const CompressorSettings& settings, const CompressorBand& band,
                                      const std::vector<Signal>& signals);

// What comes out. Bands are split by convolution with the design's own taps.
std::vector<Signal> oracle_compressed(const CompressorDesign& design, const std::vector<Signal>& x);

// The static curve: what a steady level is turned down by.
double theory_reduction_db(const CompressorBand& band, double level_db);

}  // namespace lathe::test
