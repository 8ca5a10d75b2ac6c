// Cholesky's factor, its inverse and what follows from them, in tiles. Every element sees its products in the order of
// rows, whatever the width of a vector.
#include "kernels/restoration/posterior_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kRows = 8;

inline double square_root(double x) {
  const __m128d v = _mm_set_sd(x);
  return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
}
inline double minus(double c, double a, double b) {
#if defined(__AVX2__)
  return __builtin_fma(-a, b, c);
#else
  return c - a * b;
#endif
}
inline D minus(D c, D a, D b) { return fma(-a, b, c); }

#if defined(__AVX512F__)
constexpr int kTileRows = 8;
#else
constexpr int kTileRows = 4;
#endif

// Rows row .. row + kTileRows - 1 at columns j .. of W vectors: minus their products with the rows from .. to - 1.
template <int W>
inline void subtract_products(double* m, std::int64_t stride, std::int64_t row, std::int64_t j, std::int64_t from,
                              std::int64_t to) {
  D sum[kTileRows][W];
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < W; ++v) sum[r][v] = load(m + (row + r) * stride + j + v * kDoubles);
  }
  const double* left = m + from * stride + row;
  const double* right = m + from * stride + j;
  for (std::int64_t p = to - from; p > 0; --p, left += stride, right += stride) {
    D b[W];
#pragma GCC unroll 8
    for (int v = 0; v < W; ++v) b[v] = load(right + v * kDoubles);
#pragma GCC unroll 8
    for (int r = 0; r < kTileRows; ++r) {
      const D a = splat(left[r]);
#pragma GCC unroll 8
      for (int v = 0; v < W; ++v) sum[r][v] = minus(sum[r][v], a, b[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < W; ++v) store(m + (row + r) * stride + j + v * kDoubles, sum[r][v]);
  }
}

// What is left of a tile's equations once the rows above are taken out: the block's own triangle.
template <int W>
inline void finish_tile(double* m, std::int64_t stride, std::int64_t k, std::int64_t j, const double* scale) {
  D row[kRows][W];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < W; ++v) row[r][v] = load(m + (k + r) * stride + j + v * kDoubles);
#pragma GCC unroll 8
    for (int q = 0; q < r; ++q) {
      const D a = splat(m[(k + q) * stride + k + r]);
      for (int v = 0; v < W; ++v) row[r][v] = minus(row[r][v], a, row[q][v]);
    }
    const D s = splat(scale[r]);
    for (int v = 0; v < W; ++v) {
      row[r][v] *= s;
      store(m + (k + r) * stride + j + v * kDoubles, row[r][v]);
    }
  }
}

template <int W>
inline void do_tile(double* m, std::int64_t stride, std::int64_t k, std::int64_t j, std::int64_t from,
                    const double* scale) {
  for (int r = 0; r < kRows; r += kTileRows) subtract_products<W>(m, stride, k + r, j, from, k);
  finish_tile<W>(m, stride, k, j, scale);
}

// Columns first .. end - 1, in tiles. In the inverse's room column j is zero above row j - first.
template <bool IsInverse>
inline void do_columns(double* m, std::int64_t stride, std::int64_t k, std::int64_t first, std::int64_t end,
                       const double* scale) {
  std::int64_t j = first;
  for (; j + 2 * kDoubles <= end; j += 2 * kDoubles) do_tile<2>(m, stride, k, j, IsInverse ? j - first : 0, scale);
  for (; j < end; j += kDoubles) do_tile<1>(m, stride, k, j, IsInverse ? j - first : 0, scale);
}

// The block's own triangle: 8 x 8, plain. Returns how many pivots were too small.
inline std::int64_t factor_block(double* m, std::int64_t stride, std::int64_t k, double least, double* scale) {
  std::int64_t small = 0;
  for (int r = 0; r < kRows; ++r) {
    double* row = m + (k + r) * stride + k;
    for (int c = r; c < kRows; ++c) {
      for (int q = 0; q < r; ++q) row[c] = minus(row[c], m[(k + q) * stride + k + r], m[(k + q) * stride + k + c]);
    }
    if (!(row[r] >= least)) {
      row[r] = least;
      ++small;
    }
    scale[r] = 1.0 / square_root(row[r]);
    for (int c = r; c < kRows; ++c) row[c] *= scale[r];
  }
  return small;
}

std::int64_t factor(double* m, std::int64_t n, std::int64_t stride, std::int64_t inverse_at, bool with_inverse,
                    double least) {
  if (with_inverse) {
    for (std::int64_t k = 0; k < n; ++k) {
      double* row = m + k * stride + inverse_at;
      for (std::int64_t j = 0; j < n; j += kDoubles) store(row + j, D{});
      row[k] = 1;
    }
  }
  std::int64_t small = 0;
  for (std::int64_t k = 0; k < n; k += kRows) {
    double scale[kRows];
    for (int r = 0; r < kRows; r += kTileRows) {
      for (int c = 0; c < kRows; c += kDoubles) subtract_products<1>(m, stride, k + r, k + c, 0, k);
    }
    small += factor_block(m, stride, k, least, scale);
    do_columns<false>(m, stride, k, k + kRows, n + kRows, scale);
    if (with_inverse) do_columns<true>(m, stride, k, inverse_at, inverse_at + k + kRows, scale);
  }
  return small;
}

void moments(const double* m, std::int64_t n, std::int64_t stride, std::int64_t inverse_at, double* mean,
             double* variance) {
  for (std::int64_t j = 0; j < n; j += kDoubles) {
    D sum = {}, square = {};
    for (std::int64_t k = j; k < n; ++k) {
      const D y = load(m + k * stride + inverse_at + j);
      sum = fma(y, splat(m[k * stride + n]), sum);
      square = fma(y, y, square);
    }
    store(mean + j, sum);
    store(variance + j, square);
  }
}

// Row by row from below, in eight sums of every eighth column.
void mean_alone(const double* m, std::int64_t n, std::int64_t stride, double* mean) {
  for (std::int64_t k = n - 1; k >= 0; --k) {
    const double* row = m + k * stride;
    double sums[8] = {};
    const std::int64_t whole = (k + 8) / 8 * 8;
    for (std::int64_t j = k + 1; j < (whole < n ? whole : n); ++j) sums[j & 7] = minus(sums[j & 7], row[j], mean[j]);
    for (int c = 0; c < 8; c += kDoubles) {
      D sum = load(sums + c);
      for (std::int64_t j = whole; j < n; j += 8) sum = minus(sum, load(row + j + c), load(mean + j + c));
      store(sums + c, sum);
    }
    const double all = ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
    mean[k] = (row[n] + all) / row[k];
  }
}

}  // namespace

extern const PosteriorKernels posterior_kernels;
const PosteriorKernels posterior_kernels = {factor, moments, mean_alone};

}  // namespace lathe::LATHE_LEVEL
