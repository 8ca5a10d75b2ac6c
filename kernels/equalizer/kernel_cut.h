// Steps that the designs of equaliser kernels share.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/math/eq_band.h"

namespace lathe {

// A kernel is long enough when it is this near its target.
constexpr double kKernelToleranceDb = 0.01;

// Throws std::invalid_argument for a band that is no band or lies at or above half the rate.
void check_bands(const std::vector<EqBand>& bands, double sample_rate_hz);

// 1 at 44.1 and 48 kHz, doubled with the rate: kernels last as long at every rate.
std::int64_t rate_factor(double sample_rate_hz);

// The product of all bands.
double magnitude(const std::vector<EqBand>& bands, double frequency_hz);

// h[0 .. half] of a longer impulse response h[0..]: flat over the inner half, a raised cosine over the outer half.
std::vector<double> cut_kernel(const std::vector<double>& impulse, std::int64_t half);

// The narrowest feature of the bands' product in Hz: what a grid must resolve before its word counts.
double narrowest_hz(const std::vector<EqBand>& bands);

// Whether a notch is deeper there than anyone needs it.
bool in_null(const std::vector<EqBand>& bands, double frequency_hz);

// How far a response is from its target, relative to it; under -50 dB as if the target were there.
double kernel_error(double response, double target);
double error_db(double error);

// Energy earlier than 5 ms before the centre, relative to the whole.
double pre_ring_db(const std::vector<double>& taps, double sample_rate_hz);

}  // namespace lathe
