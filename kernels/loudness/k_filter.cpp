#include "kernels/loudness/k_filter.h"

#include <cmath>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

// absorb[j] for j in [0, rows): the state that 1 at frame j leaves at the end of `rows` frames.
void fill_absorb(const KFilterForm& form, std::int64_t rows, float* absorb) {
  KFilterState state;
  for (std::int64_t age = 0; age < rows; ++age) {
    advance(form, state, age == 0 ? 1.0 : 0.0);
    for (int k = 0; k < 4; ++k) absorb[(rows - 1 - age) * 4 + k] = static_cast<float>(state.z[k]);
  }
}

// The shelf in float32. Its denominator at 0 Hz, 1 + a1 + a2, is 0.003 at 192 kHz, where coefficients rounded one by
// one would change the bass by 2e-5: a2 takes up what a1 was rounded by, and d2 keeps the gain at 0 Hz.
void round_shelf(const KFilterForm& form, KFilterTables& t) {
  const double denominator = 1 + form.a1 + form.a2, gain = (1 + form.b1 + form.b2) / denominator;
  t.a1 = static_cast<float>(form.a1);
  t.a2 = static_cast<float>(form.a2 + (form.a1 - static_cast<double>(t.a1)));
  t.d1 = static_cast<float>(form.b1 - form.a1);
  const double rounded = 1 + static_cast<double>(t.a1) + static_cast<double>(t.a2);
  t.d2 = static_cast<float>(rounded * (gain - 1) - static_cast<double>(t.d1));
}

}  // namespace

KFilterTables make_k_filter_tables(double sample_rate_hz) {
  const KFilterForm form = k_filter_form(sample_rate_hz);
  KFilterTables t;
  t.rows = static_cast<std::int64_t>(std::floor(sample_rate_hz / 100.0)) / kEnergyGroup * kEnergyGroup;
  t.energy_scale = form.energy_scale;
  t.p = static_cast<float>(form.p);
  t.q = static_cast<float>(form.q);
  t.r = static_cast<float>(form.r);
  t.t = static_cast<float>(form.t);
  round_shelf(form, t);
  t.absorb = AlignedArray<float>(static_cast<std::size_t>(t.rows * 4));
  fill_absorb(form, t.rows, t.absorb.data());
  fill_absorb(form, kEnergyGroup, t.absorb_group[0]);
  t.advance = advance_over_silence(form, t.rows);
  t.advance_group = advance_over_silence(form, kEnergyGroup);
  return t;
}

const KFilterKernels& k_filter_kernels() {
  return pick_level(sse2::k_filter_kernels, avx2::k_filter_kernels, avx512::k_filter_kernels);
}

}  // namespace lathe
