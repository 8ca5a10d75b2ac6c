#include "tests/bench/ceilings.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/simd/level.h"
#include "tests/bench/best_time.h"
#include "tests/bench/ceiling_lanes.h"

namespace lathe::bench {
namespace {

constexpr int kRepeats = 10;
constexpr std::int64_t kRounds = 2'000'000;                 // some 10 ms
constexpr std::size_t kCopyBytes = std::size_t{192} << 20;  // beyond any third-level cache a core can have to itself

template <class T>
double flops_of(double (*kernel)(T*, std::int64_t)) {
  T values[32];
  double flops = 0;
  const double s = best_time_s(kRepeats, [&] {
    std::fill(std::begin(values), std::end(values),
              static_cast<T>(0.5));  // sums converge to 1: no denormals, no infinity
    flops = kernel(values, kRounds);
  });
  return flops / s;
}

}  // namespace

Ceilings measure_ceilings() {
  const CeilingKernels& kernels = pick_level(sse2::ceiling_kernels, avx2::ceiling_kernels, avx512::ceiling_kernels);
  std::vector<float> from(kCopyBytes / sizeof(float), 0.5f), to(from.size());
  const double library_s = best_time_s(kRepeats, [&] { std::memcpy(to.data(), from.data(), kCopyBytes); });
  const double plain_s =
      best_time_s(kRepeats, [&] { kernels.copy(from.data(), to.data(), static_cast<std::int64_t>(from.size())); });
  return {flops_of(kernels.float_fma), flops_of(kernels.double_fma),
          2.0 * static_cast<double>(kCopyBytes) / std::min(library_s, plain_s)};
}

Ceilings highest(const Ceilings& a, const Ceilings& b) {
  return {std::max(a.float_flops, b.float_flops), std::max(a.double_flops, b.double_flops),
          std::max(a.copy_bytes, b.copy_bytes)};
}

}  // namespace lathe::bench
