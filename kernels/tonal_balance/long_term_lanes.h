// The lane kernels under the long-term spectrum; long_term_spectrum.h is what callers use.
#pragma once

#include <cstdint>

namespace lathe {

// Segments that are transformed side by side.
constexpr int kSegmentLanes = 16;

struct LongTermKernels {
  // Rows of 16 lanes from 16 segments that stand `hop` apart, times `window`: of mid (a + b) / 2 and side (a - b) / 2,
  // or of a and b as they are, as real and imaginary parts. Without b the imaginary part is 0.
  void (*arrange)(const float* a, const float* b, bool mid_side, std::int64_t hop, const float* window,
                  std::int64_t points, float* re, float* im);
  // Of the transform in the order that `row_of_bin` names: power[k * 16 + lane] = |A_k|^2 + |B_k|^2 for k = 0 to
  // points / 2, and the second's own share |B_k|^2 in `second` unless it is null.
  void (*powers)(const float* re, const float* im, const std::int32_t* row_of_bin, std::int64_t points, float* power,
                 float* second);
  // to[lane] += the sum over k of weight[k] * power[k * 16 + lane].
  void (*weigh)(const float* power, const float* weight, std::int64_t bins, float* to);
  // to[lane][k] += power[k * 16 + lane]; the lanes whose `to` is null are left out.
  void (*add)(const float* power, std::int64_t bins, float* const* to);
};

namespace sse2 {
extern const LongTermKernels long_term_kernels;
}
namespace avx2 {
extern const LongTermKernels long_term_kernels;
}
namespace avx512 {
extern const LongTermKernels long_term_kernels;
}

const LongTermKernels& long_term_kernels();

}  // namespace lathe
