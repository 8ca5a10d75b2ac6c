// The K-weighting filter as it is run: a state-variable high-pass, then the shelf, with states that can be carried.
#pragma once

#include <cstdint>

#include "kernels/math/host_device.h"

namespace lathe {

// High-pass first, both numerators scaled to begin with 1:
//   u[n] = x[n] - p s1 - s2,   s1 += q u[n],   s2 += r s1 + t u[n]   (with s1 as it was before)
//   y[n] = w[n] + b1 w[n-1] + b2 w[n-2],   w[n] = u[n] - a1 w[n-1] - a2 w[n-2],   K-weighted x = sqrt(energy_scale) *
//   y.
// The high-pass, whose poles lie within 0.005 of 1, is a state-variable filter (Zavalishin, "The Art of VA Filter
// Design", 2018, ch. 4): its states are as large as the signal.
struct KFilterForm {
  double p, q, r, t;
  double a1, a2, b1, b2;
  double energy_scale;
};

// The filter's state: s1, s2, w[n-1], w[n-2]. It is linear in the past, so states of separate stretches add up.
struct alignas(16) KFilterState {
  double z[4] = {0, 0, 0, 0};
};

// The high-pass's output for x; `state` moves on by one frame. Returns u - a1 w1 - a2 w2, the shelf's w.
LATHE_HOST_DEVICE inline double advance(const KFilterForm& f, KFilterState& state, double x) {
  double* z = state.z;
  const double u = (x - z[1]) - f.p * z[0];
  z[1] = (z[1] + f.r * z[0]) + f.t * u;
  z[0] += f.q * u;
  const double w = (u - f.a2 * z[3]) - f.a1 * z[2];
  z[3] = z[2];
  z[2] = w;
  return w;
}

// The same, and the K-weighted sample y (without energy_scale).
LATHE_HOST_DEVICE inline double filter(const KFilterForm& f, KFilterState& state, double x) {
  const double older = f.b1 * state.z[2] + f.b2 * state.z[3];
  return advance(f, state, x) + older;
}

// The form of k_weighting(sample_rate_hz), and throws as that does.
KFilterForm k_filter_form(double sample_rate_hz);

// What a state becomes over `frames` frames of silence: matrix[from][to].
struct KFilterAdvance {
  double matrix[4][4];
};
KFilterAdvance advance_over_silence(const KFilterForm& form, std::int64_t frames);

}  // namespace lathe
