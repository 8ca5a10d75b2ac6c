// The K-weighting filter of ITU-R BS.1770-5 Annex 1 at any sample rate.
#pragma once

#include <array>

namespace lathe {

// y = b0 x + b1 x[-1] + b2 x[-2] - a1 y[-1] - a2 y[-2]
struct Biquad {
  double b0, b1, b2, a1, a2;
};

// Stage 1 (the head's shelf) and stage 2 (the RLB high-pass). At 48 kHz the tables of BS.1770-5; elsewhere the analogue
// prototypes behind them through the bilinear transform, stage 2 scaled so that its gain at high frequencies is that of
// the 48 kHz table (+0.043 dB) at every rate: "the same frequency response", which leaving b at {1, -2, 1} misses by up
// to 0.033 dB at 192 kHz. Throws std::invalid_argument unless 4000 <= sample_rate_hz <= 768000.
std::array<Biquad, 2> k_weighting(double sample_rate_hz);

// |H(f)| of one biquad; frequency_hz from 0 to half the sample rate.
double magnitude(const Biquad& q, double frequency_hz, double sample_rate_hz);

}  // namespace lathe
