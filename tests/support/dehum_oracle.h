// What the parts of the hum remover compute, by their definitions.
#pragma once

#include "kernels/restoration/hum_model.h"
#include "tests/support/track.h"

namespace lathe::test {

// HumFrames of one channel, from the track itself: windows at the full rate, no low band.
HumFrames hum_frames_oracle(const Signal& x, double sample_rate_hz, const HumFrames& like);

// The hum of one channel, each sample's phase and amplitudes for themselves.
Signal hum_oracle(const HumModel& model, int channel, double sample_rate_hz, std::int64_t frames);

// The solution of a symmetric positive definite system, by Gauss.
std::vector<double> solve_oracle(std::vector<std::vector<double>> matrix, std::vector<double> right);

// Hum as degrade.py makes it: harmonics 1, 2, ... of the given amplitudes, the frequency swinging by drift_hz with a
// period of period_s.
Signal made_hum(double freq_hz, const std::vector<double>& amplitudes, double drift_hz, double period_s,
                double sample_rate_hz, std::int64_t frames, Random& random);

}  // namespace lathe::test
