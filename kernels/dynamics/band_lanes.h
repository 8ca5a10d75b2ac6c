// The lane kernels of several bands of dynamics: a band out of two low-passes, and all bands' gains in one pass.
#pragma once

#include <cstdint>

namespace lathe {

struct BandKernels {
  // band = upper - lower
  void (*difference)(const float* upper, const float* lower, std::int64_t count, float* band);
  // y = base + the sum over `count` bands, in their order, of x[b] * g[b], g[b] linear from gain[b][i] to
  // gain[b][i + 1] over group i of 8 frames.
  void (*apply)(const float* base, const float* const* x, const float* const* gain, int count, std::int64_t groups,
                float* y);
};

namespace sse2 {
extern const BandKernels band_kernels;
}
namespace avx2 {
extern const BandKernels band_kernels;
}
namespace avx512 {
extern const BandKernels band_kernels;
}

}  // namespace lathe
