#include "kernels/loudness/k_filter.h"

#include <cmath>
#include <utility>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

// The filter of k_filter.h one frame at a time, with its past inputs.
struct PlainFilter {
  const KFilterTables& t;
  double x1 = 0, x2 = 0, w1 = 0, w2 = 0, y1 = 0, y2 = 0;

  void step(double x) {
    const double w = x - 2.0 * x1 + x2 - t.c1 * w1 - t.c2 * w2;
    const double y = w + t.b1 * w1 + t.b2 * w2 - t.a1 * y1 - t.a2 * y2;
    x2 = std::exchange(x1, x);
    w2 = std::exchange(w1, w);
    y2 = std::exchange(y1, y);
  }

  // The state z: other w1, w2, y1, y2 that, with x1 = x2 = 0, make the same of all that follows.
  void state(double* z) const {
    const double dw1 = -x1 / t.c2;
    const double dw2 = (2.0 * x1 - x2 - t.c1 * dw1) / t.c2;
    const double dy1 = t.b2 * dw1 / t.a2;
    const double dy2 = (t.b1 * dw1 + t.b2 * dw2 - t.a1 * dy1) / t.a2;
    z[0] = w1 + dw1;
    z[1] = w2 + dw2;
    z[2] = y1 + dy1;
    z[3] = y2 + dy2;
  }
};

// absorb[j] for j in [0, rows): the state that 1 at frame j leaves at the end of `rows` frames.
void fill_absorb(const KFilterTables& t, std::int64_t rows, double* absorb) {
  PlainFilter filter{t};
  for (std::int64_t age = 0; age < rows; ++age) {
    filter.step(age == 0 ? 1.0 : 0.0);
    filter.state(absorb + (rows - 1 - age) * 4);
  }
}

void fill_advance(const KFilterTables& t, std::int64_t rows, double (*advance)[4]) {
  for (int from = 0; from < 4; ++from) {
    PlainFilter filter{t};
    double* const z[4] = {&filter.w1, &filter.w2, &filter.y1, &filter.y2};
    *z[from] = 1.0;
    for (std::int64_t n = 0; n < rows; ++n) filter.step(0.0);
    for (int to = 0; to < 4; ++to) advance[from][to] = *z[to];
  }
}

}  // namespace

KFilterTables make_k_filter_tables(double sample_rate_hz) {
  const std::array<Biquad, 2> q = k_weighting(sample_rate_hz);
  KFilterTables t;
  t.rows = static_cast<std::int64_t>(std::floor(sample_rate_hz / 100.0)) / kEnergyGroup * kEnergyGroup;
  t.energy_scale = q[0].b0 * q[1].b0 * q[0].b0 * q[1].b0;
  t.b1 = q[0].b1 / q[0].b0;
  t.b2 = q[0].b2 / q[0].b0;
  t.a1 = q[0].a1;
  t.a2 = q[0].a2;
  t.c1 = q[1].a1;
  t.c2 = q[1].a2;
  t.absorb = AlignedArray<double>(static_cast<std::size_t>(t.rows * 4));
  fill_absorb(t, t.rows, t.absorb.data());
  fill_absorb(t, kEnergyGroup, t.absorb_group[0]);
  fill_advance(t, t.rows, t.advance);
  fill_advance(t, kEnergyGroup, t.advance_group);
  return t;
}

const KFilterKernels& k_filter_kernels() {
  return pick_level(sse2::k_filter_kernels, avx2::k_filter_kernels, avx512::k_filter_kernels);
}

}  // namespace lathe
