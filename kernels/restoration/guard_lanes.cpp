// A short symmetric filter and two sums of squares.
#include "kernels/restoration/guard_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kRow = 16, kParts = kRow / kFloats;

inline float folded(const F* sums) {
  float lanes[kRow];
  for (int p = 0; p < kParts; ++p) store(lanes + p * kFloats, sums[p]);
  for (int width = kRow / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

void energies(const float* x, std::int64_t blocks, std::int64_t length, const float* taps, std::int64_t reach,
              float* whole, float* high) {
  for (std::int64_t b = 0; b < blocks; ++b) {
    F all[kParts] = {}, top[kParts] = {};
    for (std::int64_t n = b * length; n < (b + 1) * length; n += kRow) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        const float* at = x + n + p * kFloats;
        const F v = load(at);
        F y = v * splat(taps[0]);
        for (std::int64_t k = 1; k <= reach; ++k) y = fma(load(at + k) + load(at - k), splat(taps[k]), y);
        all[p] = fma(v, v, all[p]);
        top[p] = fma(y, y, top[p]);
      }
    }
    whole[b] = folded(all);
    high[b] = folded(top);
  }
}

}  // namespace

extern const GuardKernels guard_kernels;
const GuardKernels guard_kernels = {energies};

}  // namespace lathe::LATHE_LEVEL
