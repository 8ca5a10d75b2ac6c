#include "kernels/loudness/k_filter.h"

#include "kernels/simd/level.h"

namespace lathe {
namespace {

// One step of the cascade in transposed direct form II; s[0..1] belong to the shelf, s[2..3] to the high-pass.
double step(const std::array<Biquad, 2>& q, double* s, double x) {
  const double v = q[0].b0 * x + s[0];
  s[0] = q[0].b1 * x - q[0].a1 * v + s[1];
  s[1] = q[0].b2 * x - q[0].a2 * v;
  const double y = q[1].b0 * v + s[2];
  s[2] = q[1].b1 * v - q[1].a1 * y + s[3];
  s[3] = q[1].b2 * v - q[1].a2 * y;
  return y;
}

}  // namespace

KFilterTables make_k_filter_tables(double sample_rate_hz) {
  const std::array<Biquad, 2> q = k_weighting(sample_rate_hz);
  KFilterTables t{};
  for (int input = 0; input < kFilterBlock; ++input) {
    double s[4] = {0, 0, 0, 0};
    for (int n = 0; n < kFilterBlock; ++n) {
      const double y = step(q, s, n == input ? 1.0 : 0.0);
      t.respond[input][n] = n < input ? 0.0 : y;
    }
    for (int k = 0; k < 4; ++k) t.absorb[input][k] = s[k];
  }
  for (int state = 0; state < 4; ++state) {
    double s[4] = {0, 0, 0, 0};
    s[state] = 1.0;
    for (int n = 0; n < kFilterBlock; ++n) t.observe[state][n] = step(q, s, 0.0);
    for (int k = 0; k < 4; ++k) t.advance[state][k] = s[k];
  }
  return t;
}

const KFilterKernels& k_filter_kernels() {
  return pick_level(sse2::k_filter_kernels, avx2::k_filter_kernels, avx512::k_filter_kernels);
}

}  // namespace lathe
