// The lane kernels that find impulses: correlations, prediction errors both ways in time, and their levels.
#pragma once

#include <cstdint>

namespace lathe {

struct ImpulseKernels {
  // out[n] = x[n] * window[n]
  void (*weigh)(const float* x, const float* window, std::int64_t count, double* out);
  // r[k] = sum over n < count of x[n] * y[n + k], k < lags (a multiple of 16); y has count + lags values.
  void (*correlate)(const double* x, const double* y, std::int64_t count, int lags, double* r);
  // forward[n] = sum of a[k] * x[n - k], backward[n] = sum of a[k] * x[n + k], k <= order. count: a multiple of 16.
  void (*residuals)(const float* x, const float* a, int order, std::int64_t count, float* forward, float* backward);
  // Of each 32 values: the mean of |e|, and the largest |e|.
  void (*cells)(const float* e, std::int64_t cells, float* means, float* peaks);
};

namespace sse2 {
extern const ImpulseKernels impulse_kernels;
}
namespace avx2 {
extern const ImpulseKernels impulse_kernels;
}
namespace avx512 {
extern const ImpulseKernels impulse_kernels;
}

}  // namespace lathe
