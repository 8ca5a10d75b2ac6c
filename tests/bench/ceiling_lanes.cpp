// Independent multiply-add chains in registers: enough of them to hide the latency of two units.
#include "tests/bench/ceiling_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

// Two units of latency 4 or 5 need 10 chains; with the two constants they fit into SSE2's sixteen registers.
constexpr int kChains = 12;

template <class V, class T>
inline double run_chains(T* values, std::int64_t rounds, int lanes) {
  const V factor = splat(values[0]), term = splat(values[1]);
  V sum[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sum[i] = splat(values[i + 2]);
  for (std::int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = fma(sum[i], factor, term);
  }
  V all = sum[0];
  for (int i = 1; i < kChains; ++i) all = all + sum[i];
  store(values, all);
  return 2.0 * kChains * lanes * (double)rounds;
}

double float_fma(float* values, std::int64_t rounds) { return run_chains<F>(values, rounds, kFloats); }
double double_fma(double* values, std::int64_t rounds) { return run_chains<D>(values, rounds, kDoubles); }

// Kept from becoming a call of memcpy, which goes around the caches; which of both is quicker depends on the machine.
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void copy(const float* from, float* to,
                                                                        std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += kFloats) store(to + i, load(from + i));
}

}  // namespace

extern const CeilingKernels ceiling_kernels;
const CeilingKernels ceiling_kernels = {float_fma, double_fma, copy};

}  // namespace lathe::LATHE_LEVEL
