#include "kernels/math/k_filter_form.h"

#include <cmath>

#include "kernels/math/k_weighting.h"

namespace lathe {

KFilterForm k_filter_form(double sample_rate_hz) {
  const std::array<Biquad, 2> filters = k_weighting(sample_rate_hz);
  const Biquad &shelf = filters[0], &high_pass = filters[1];
  // With g = tan(pi f / fs) and the damping 1 / Q the state-variable filter's denominator is
  //   1 + a1 z^-1 + a2 z^-2,  a1 = (2 g^2 - 2) d,  a2 = (1 - g / Q + g^2) d,  d = 1 / (1 + g / Q + g^2).
  const double d = (1 - high_pass.a1 + high_pass.a2) / 4;
  const double g = std::sqrt((1 + high_pass.a1 + high_pass.a2) / (1 - high_pass.a1 + high_pass.a2));
  const double damping = (1 - high_pass.a2) / (2 * d * g);
  KFilterForm form;
  form.p = damping + g;
  form.q = 2 * g * d;
  form.r = 2 * g;
  form.t = 2 * g * g * d;
  form.a1 = shelf.a1;
  form.a2 = shelf.a2;
  form.b1 = shelf.b1 / shelf.b0;
  form.b2 = shelf.b2 / shelf.b0;
  form.energy_scale = shelf.b0 * high_pass.b0 * shelf.b0 * high_pass.b0;
  return form;
}

KFilterAdvance advance_over_silence(const KFilterForm& form, std::int64_t frames) {
  KFilterAdvance result;
  for (int from = 0; from < 4; ++from) {
    KFilterState state;
    state.z[from] = 1.0;
    for (std::int64_t n = 0; n < frames; ++n) advance(form, state, 0.0);
    for (int to = 0; to < 4; ++to) result.matrix[from][to] = state.z[to];
  }
  return result;
}

}  // namespace lathe
