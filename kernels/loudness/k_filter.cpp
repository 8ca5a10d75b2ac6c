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
  t.b1 = static_cast<float>(form.b1);
  t.b2 = static_cast<float>(form.b2);
  t.a1 = static_cast<float>(form.a1);
  t.a2 = static_cast<float>(form.a2);
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
