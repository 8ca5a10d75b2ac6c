#include "kernels/loudness/k_filter.h"

#include <cmath>
#include <utility>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

// The filter of k_filter.h one frame at a time, in float64.
struct PlainFilter {
  double p, q, r, t, a1, a2;
  double z[4] = {0, 0, 0, 0};

  void step(double x) {
    const double u = x - p * z[0] - z[1];
    z[1] += r * z[0] + t * u;
    z[0] += q * u;
    const double w = u - a1 * z[2] - a2 * z[3];
    z[3] = std::exchange(z[2], w);
  }
};

// absorb[j] for j in [0, rows): the state that 1 at frame j leaves at the end of `rows` frames.
void fill_absorb(PlainFilter filter, std::int64_t rows, float* absorb) {
  for (std::int64_t age = 0; age < rows; ++age) {
    filter.step(age == 0 ? 1.0 : 0.0);
    for (int k = 0; k < 4; ++k) absorb[(rows - 1 - age) * 4 + k] = static_cast<float>(filter.z[k]);
  }
}

void fill_advance(const PlainFilter& still, std::int64_t rows, double (*advance)[4]) {
  for (int from = 0; from < 4; ++from) {
    PlainFilter filter = still;
    filter.z[from] = 1.0;
    for (std::int64_t n = 0; n < rows; ++n) filter.step(0.0);
    for (int to = 0; to < 4; ++to) advance[from][to] = filter.z[to];
  }
}

}  // namespace

KFilterTables make_k_filter_tables(double sample_rate_hz) {
  const std::array<Biquad, 2> filters = k_weighting(sample_rate_hz);
  const Biquad &shelf = filters[0], &high_pass = filters[1];
  // With g = tan(pi f / fs) and the damping 1 / Q the state-variable filter's denominator is
  //   1 + a1 z^-1 + a2 z^-2,  a1 = (2 g^2 - 2) d,  a2 = (1 - g / Q + g^2) d,  d = 1 / (1 + g / Q + g^2).
  const double d = (1 - high_pass.a1 + high_pass.a2) / 4;
  const double g = std::sqrt((1 + high_pass.a1 + high_pass.a2) / (1 - high_pass.a1 + high_pass.a2));
  const double damping = (1 - high_pass.a2) / (2 * d * g);
  const PlainFilter filter{damping + g, 2 * g * d, 2 * g, 2 * g * g * d, shelf.a1, shelf.a2};
  KFilterTables t;
  t.rows = static_cast<std::int64_t>(std::floor(sample_rate_hz / 100.0)) / kEnergyGroup * kEnergyGroup;
  t.energy_scale = shelf.b0 * high_pass.b0 * shelf.b0 * high_pass.b0;
  t.p = static_cast<float>(filter.p);
  t.q = static_cast<float>(filter.q);
  t.r = static_cast<float>(filter.r);
  t.t = static_cast<float>(filter.t);
  t.b1 = static_cast<float>(shelf.b1 / shelf.b0);
  t.b2 = static_cast<float>(shelf.b2 / shelf.b0);
  t.a1 = static_cast<float>(shelf.a1);
  t.a2 = static_cast<float>(shelf.a2);
  t.absorb = AlignedArray<float>(static_cast<std::size_t>(t.rows * 4));
  fill_absorb(filter, t.rows, t.absorb.data());
  fill_absorb(filter, kEnergyGroup, t.absorb_group[0]);
  fill_advance(filter, t.rows, t.advance);
  fill_advance(filter, kEnergyGroup, t.advance_group);
  return t;
}

const KFilterKernels& k_filter_kernels() {
  return pick_level(sse2::k_filter_kernels, avx2::k_filter_kernels, avx512::k_filter_kernels);
}

}  // namespace lathe
