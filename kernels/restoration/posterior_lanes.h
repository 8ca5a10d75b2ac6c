// The lane kernels of the declipper: the posterior of the clipped samples of one frame.
#pragma once

#include <cstdint>

namespace lathe {

using PosteriorReal = float;

// A system of n unknowns, n a multiple of kPosteriorPanel. Its matrices lie in panels of so many columns, 64-byte
// aligned, a row of a panel behind the other: of `upper` panel c holds the rows 0 .. 16 c + 15, of `lower` the rows
// from 16 c on. What lies beyond the diagonal inside a panel is undefined.
constexpr std::int64_t kPosteriorPanel = 16;

constexpr std::int64_t posterior_size(std::int64_t n) { return n * (n + kPosteriorPanel) / 2; }

struct PosteriorKernels {
  // upper(i, j) = weight[i] weight[j] lags[|at[i] - at[j]|], and diagonal[i] is added where i = j.
  void (*build)(const std::int32_t* at, const PosteriorReal* weight, std::int64_t n, const PosteriorReal* lags,
                const PosteriorReal* diagonal, PosteriorReal* upper);
  // The matrix B in `upper`, symmetric and positive definite, becomes U with B = U' U (Cholesky), and right becomes
  // U'^-1 right. A pivot under `least` counts as `least`. Returns how many did.
  std::int64_t (*factor)(PosteriorReal* upper, std::int64_t n, PosteriorReal* right, PosteriorReal least);
  // From a factored system: mean = B^-1 c, c the right-hand side before it was factored.
  void (*mean)(const PosteriorReal* upper, std::int64_t n, const PosteriorReal* right, PosteriorReal* mean);
  // From a factored system: variance = the diagonal of B^-1. lower: room for U'^-1.
  void (*variance)(const PosteriorReal* upper, std::int64_t n, PosteriorReal* lower, PosteriorReal* variance);
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
