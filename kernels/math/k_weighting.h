// The K-weighting filter of ITU-R BS.1770-5 Annex 1 at any sample rate.
#pragma once

#include <array>

namespace lathe {

// y = b0 x + b1 x[-1] + b2 x[-2] - a1 y[-1] - a2 y[-2]
struct Biquad {
  double b0, b1, b2, a1, a2;
};

// Stage 1 (the head's shelf) and stage 2 (the RLB high-pass). At 48 kHz the tables of BS.1770-5; at other rates
// filters fitted to "the same frequency response that the specified filter provides at 48 kHz", as its text asks: from
// 20 Hz to 20 kHz within 0.00004 dB from 32 kHz on, 0.0003 dB at 22.05 and 24 kHz, 0.0034 at 12 kHz, 0.011 at 8 kHz (up
// to 0.46 of the rate), 0.03 at 4 kHz. The bilinear transform with the table's numerator kept, as libebur128 and ffmpeg
// have it, is off by +0.003 to +0.005 dB at 44.1 kHz, -0.017 to -0.028 at 96 and -0.026 to -0.040 at 192 kHz.
// Throws std::invalid_argument unless 4000 <= sample_rate_hz <= 768000.
std::array<Biquad, 2> k_weighting(double sample_rate_hz);

// |H(f)| of one biquad; frequency_hz from 0 to half the sample rate.
double magnitude(const Biquad& q, double frequency_hz, double sample_rate_hz);

}  // namespace lathe
