// The lane kernels of the declipper: the posterior of the clipped samples of one frame.
#pragma once

#include <cstdint>

namespace lathe {

// A system of n unknowns is laid out as n rows of `stride` doubles (a multiple of 8, rows 64-byte aligned): columns
// 0 .. n - 1 hold the upper triangle of a symmetric positive definite matrix B, column n a right-hand side c, and from
// column `inverse_at` on (a multiple of 8, at least n + 1) there is room for n more. n is a multiple of 8.
struct PosteriorKernels {
  // B becomes U with B = U' U (Cholesky), c becomes U'^-1 c, and where `with_inverse` the room becomes U'^-1 (lower
  // triangle). A pivot under `least` counts as `least`. Returns how many did.
  std::int64_t (*factor)(double* rows, std::int64_t n, std::int64_t stride, std::int64_t inverse_at, bool with_inverse,
                         double least);
  // From a factored system with its inverse: mean = B^-1 c and variance = diagonal of B^-1, n doubles each.
  void (*moments)(const double* rows, std::int64_t n, std::int64_t stride, std::int64_t inverse_at, double* mean,
                  double* variance);
  // From a factored system: mean = B^-1 c.
  void (*mean)(const double* rows, std::int64_t n, std::int64_t stride, double* mean);
};

namespace sse2 {
extern const PosteriorKernels posterior_kernels;
}
namespace avx2 {
extern const PosteriorKernels posterior_kernels;
}
namespace avx512 {
extern const PosteriorKernels posterior_kernels;
}

}  // namespace lathe
