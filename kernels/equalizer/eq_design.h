// From bands to a linear-phase filter: as short a symmetric kernel as meets the target.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/math/eq_band.h"

namespace lathe {

enum class EqPhase { linear, minimum };

// One symmetric kernel h[-half..half], or one of minimum phase h[0..half]; `taps` holds h[0..half].
struct EqKernel {
  std::vector<double> taps;
  double worst_db = 0;     // largest deviation from the target, 20 Hz to 20 kHz (or 0.45 of the rate), where it matters
  double pre_ring_db = 0;  // energy earlier than 5 ms before the centre, relative to the whole

  std::int64_t half() const { return static_cast<std::int64_t>(taps.size()) - 1; }
};

// The kernel of the bands' product at one sample rate: the target is sampled on a dense grid, transformed, and cut with
// a raised-cosine taper at the shortest power of two at which the response stays within 0.01 dB of the target
// (generalised window method, Smith, Spectral Audio Signal Processing). Under -50 dB the same absolute error is allowed
// as at -50 dB; the null of a notch, where no length would do, is left out under -60 dB. What needs more than 3 s a
// side at 44.1 kHz keeps that length and says its deviation. An empty list gives the kernel {1}. Throws
// std::invalid_argument for a band at or above half the rate.
EqKernel design_kernel(const std::vector<EqBand>& bands, double sample_rate_hz);

}  // namespace lathe
