// From bands to a filter of minimum phase: as short a causal kernel as meets the target.
#pragma once

#include <vector>

#include "kernels/equalizer/eq_design.h"

namespace lathe {

// h[0..half] of least phase with the magnitude of the bands' product at one sample rate, by the folded cepstrum
// (Oppenheim and Schafer, Discrete-Time Signal Processing, ch. 13), cut with a raised-cosine taper at the shortest
// length at which it stays within 0.01 dB of the uncut response in magnitude and phase together; under -50 dB the same
// absolute error is allowed as there. What has no logarithm gets a floor: notches are 80 dB deep, high-passes end at
// 0.05 Hz, and all else at -90 dB. The cut is nearer than that floor everywhere, so the kernel keeps its zeros inside
// the unit circle (Rouché): it is the minimum phase of its own magnitude. pre_ring_db is -300. An empty list gives the
// kernel {1}. Throws as design_kernel() does.
EqKernel design_minimum_phase_kernel(const std::vector<EqBand>& bands, double sample_rate_hz);

}  // namespace lathe
