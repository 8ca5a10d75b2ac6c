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
  // out[i] = the median of x[i .. i + 7]; x has count + 23 values.
  void (*medians_of_8)(const float* x, std::int64_t count, float* out);
  // out[n] += sum of a[k] * x[n - k], k < taps. Reads and writes up to 15 values behind count.
  void (*filter)(const double* x, const double* a, int taps, std::int64_t count, double* out);
  // The Cholesky factor of a symmetric positive definite band matrix, in place: M[j + d][j] at columns[j * stride + d],
  // d <= order; stride is order + 16 or more and what lies behind `order` is 0. inverse[j] = 1 / L[j][j].
  void (*factor_band)(double* columns, int stride, int order, int length, double* inverse);
  // x := (L L')^-1 x; x has length + 16 values.
  void (*solve_band)(const double* columns, int stride, int order, int length, const double* inverse, double* x);
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
