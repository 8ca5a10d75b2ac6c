// One pass over the samples however many bands there are: a group of 8 frames stays in a register meanwhile.
#include "kernels/dynamics/band_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

typedef float Eight __attribute__((vector_size(32), may_alias));
typedef float EightUnaligned __attribute__((vector_size(32), aligned(4), may_alias));

void difference(const float* upper, const float* lower, std::int64_t count, float* band) {
  std::int64_t n = 0;
  for (; n + kFloats <= count; n += kFloats) store(band + n, load(upper + n) - load(lower + n));
  for (; n < count; ++n) band[n] = upper[n] - lower[n];
}

template <int Bands>
void apply_some(const float* base, const float* const* x, const float* const* gain, std::int64_t groups, float* y) {
  const Eight ramp = {0.0f, 0.125f, 0.25f, 0.375f, 0.5f, 0.625f, 0.75f, 0.875f};
  const float *of[Bands], *by[Bands];
  for (int b = 0; b < Bands; ++b) {
    of[b] = x[b];
    by[b] = gain[b];
  }
  for (std::int64_t g = 0; g < groups; ++g) {
    Eight sum = *reinterpret_cast<const EightUnaligned*>(base + 8 * g);
#pragma GCC unroll 4
    for (int b = 0; b < Bands; ++b) {
      const float from = by[b][g], step = by[b][g + 1] - by[b][g];
      sum = sum + *reinterpret_cast<const EightUnaligned*>(of[b] + 8 * g) * (from + step * ramp);
    }
    *reinterpret_cast<EightUnaligned*>(y + 8 * g) = sum;
  }
}

void apply(const float* base, const float* const* x, const float* const* gain, int count, std::int64_t groups,
           float* y) {
  for (int b = 0; b < count; b += 4) {
    const int together = count - b < 4 ? count - b : 4;
    if (together == 4) apply_some<4>(base, x + b, gain + b, groups, y);
    if (together == 3) apply_some<3>(base, x + b, gain + b, groups, y);
    if (together == 2) apply_some<2>(base, x + b, gain + b, groups, y);
    if (together == 1) apply_some<1>(base, x + b, gain + b, groups, y);
    base = y;
  }
}

}  // namespace

extern const BandKernels band_kernels;
const BandKernels band_kernels = {difference, apply};

}  // namespace lathe::LATHE_LEVEL
