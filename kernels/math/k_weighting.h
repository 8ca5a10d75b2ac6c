// The K-weighting filter of ITU-R BS.1770-5 Annex 1 at any sample rate.
#pragma once

#include <array>

namespace lathe {

// y = b0 x + b1 x[-1] + b2 x[-2] - a1 y[-1] - a2 y[-2]
struct Biquad {
  double b0, b1, b2, a1, a2;
};

// Stage 1 (the head's shelf) and stage 2 (the RLB high-pass). At 48 kHz the tables of BS.1770-5; elsewhere the analogue
// prototypes behind them through the bilinear transform. Stage 2's table has +0.043 dB at high frequencies. The text
// asks other rates for "the same frequency response", which scales its numerator {1, -2, 1}; libebur128 and ffmpeg
// leave the numerator as it is and read 0.004 LU above that at 44.1 kHz, 0.020 below at 88.2, 0.022 at 96, 0.031 at
// 176.4 and 0.032 at 192 kHz (noise of a programme's spectrum). Both readings are in use, so the gain is the mean of
// both in dB: 0.002 LU from either at 44.1 kHz, 0.011 at 96, 0.016 at 192 kHz. Throws std::invalid_argument unless 4000
// <= sample_rate_hz <= 768000.
std::array<Biquad, 2> k_weighting(double sample_rate_hz);

// |H(f)| of one biquad; frequency_hz from 0 to half the sample rate.
double magnitude(const Biquad& q, double frequency_hz, double sample_rate_hz);

}  // namespace lathe
