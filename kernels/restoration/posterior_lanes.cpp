// Cholesky's factor, its inverse and what follows from them, in tiles. Every element sees its products in the order of
// rows, whatever the width of a vector.
#include "kernels/restoration/posterior_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

using Real = PosteriorReal;
template <class T>
struct Native;
template <>
struct Native<float> {
  using V = F;
};
template <>
struct Native<double> {
  using V = D;
};
using V = Native<Real>::V;

constexpr int kPanel = static_cast<int>(kPosteriorPanel);
constexpr int kWide = static_cast<int>(sizeof(V) / sizeof(Real));  // of a vector
constexpr int kVectors = kPanel / kWide;                           // of a panel's row

// A tile that fits the registers.
#if defined(__AVX512F__)
constexpr int kTileVectors = kVectors < 2 ? kVectors : 2, kTileRows = 16 / kTileVectors;
#else
constexpr int kTileVectors = kVectors < 2 ? kVectors : 2, kTileRows = 4;
#endif

inline float square_root(float x) {
  const __m128 v = _mm_set_ss(x);
  return _mm_cvtss_f32(_mm_sqrt_ss(v));
}
inline double square_root(double x) {
  const __m128d v = _mm_set_sd(x);
  return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
}
// c - a b, as in the vectors.
template <class T>
inline T minus(T c, T a, T b) {
#if defined(__AVX2__)
  if constexpr (sizeof(T) == 4)
    return __builtin_fmaf(-a, b, c);
  else
    return __builtin_fma(-a, b, c);
#else
  return c - a * b;
#endif
}
using LATHE_LEVEL::fnma;  // beside the one below
inline D fnma(D a, D b, D c) { return fma(-a, b, c); }

inline Real* upper_panel(Real* upper, std::int64_t c) { return upper + kPanel * kPanel / 2 * c * (c + 1); }
inline const Real* upper_panel(const Real* upper, std::int64_t c) { return upper + kPanel * kPanel / 2 * c * (c + 1); }
// Where row 0 would be: the panel begins at its row 16 c.
inline Real* lower_panel(Real* lower, std::int64_t n, std::int64_t c) {
  return lower + kPanel * (n * c - kPanel / 2 * c * (c + 1));
}

inline V gather(const Real* lags, const std::int32_t* at, std::int32_t from) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Real) == 4) {
    const __m512i away = _mm512_abs_epi32(_mm512_sub_epi32(_mm512_loadu_si512(at), _mm512_set1_epi32(from)));
    return (V)_mm512_i32gather_ps(away, lags, 4);
  } else {
    const __m256i there = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return (V)_mm512_i32gather_pd(_mm256_abs_epi32(_mm256_sub_epi32(there, _mm256_set1_epi32(from))), lags, 8);
  }
#else
  V v;
  for (int l = 0; l < kWide; ++l) {
    const std::int32_t away = at[l] - from;
    v[l] = lags[away < 0 ? -away : away];
  }
  return v;
#endif
}

void build(const std::int32_t* at, const Real* weight, std::int64_t n, const Real* lags, const Real* diagonal,
           Real* upper) {
  for (std::int64_t c = 0; c < n / kPanel; ++c) {
    Real* panel = upper_panel(upper, c);
    for (int v = 0; v < kPanel; v += kWide) {
      const V w = load(weight + c * kPanel + v);
      for (std::int64_t i = 0; i < (c + 1) * kPanel; ++i)
        store(panel + i * kPanel + v, splat(weight[i]) * w * gather(lags, at + c * kPanel + v, at[i]));
    }
    for (int r = 0; r < kPanel; ++r) panel[(c * kPanel + r) * kPanel + r] += diagonal[c * kPanel + r];
  }
}

// A panel's row of `tile`: minus the products of the rows of `left` and `right`, `count` of them.
template <int R, int W>
inline void subtract_products(Real* tile, const Real* left, const Real* right, std::int64_t count) {
  V sum[R][W];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < W; ++v) sum[r][v] = load(tile + r * kPanel + v * kWide);
  }
  for (std::int64_t p = count; p > 0; --p, left += kPanel, right += kPanel) {
    V b[W];
#pragma GCC unroll 8
    for (int v = 0; v < W; ++v) b[v] = load(right + v * kWide);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V a = splat(left[r]);
#pragma GCC unroll 8
      for (int v = 0; v < W; ++v) sum[r][v] = fnma(a, b[v], sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < W; ++v) store(tile + r * kPanel + v * kWide, sum[r][v]);
  }
}

// 16 rows of a panel.
inline void subtract_all(Real* tile, const Real* left, const Real* right, std::int64_t count) {
  for (int v = 0; v < kPanel; v += kTileVectors * kWide) {
    for (int r = 0; r < kPanel; r += kTileRows)
      subtract_products<kTileRows, kTileVectors>(tile + r * kPanel + v, left + r, right + v, count);
  }
}

// What is left of a tile's equations once the rows above are taken out: the triangle of its own 16 rows.
inline void finish_tile(Real* tile, const Real* triangle, const Real* scale) {
  for (int v = 0; v < kPanel; v += kWide) {
    V row[kPanel];
#pragma GCC unroll 16
    for (int r = 0; r < kPanel; ++r) row[r] = load(tile + r * kPanel + v);
#pragma GCC unroll 16
    for (int r = 0; r < kPanel; ++r) {
      row[r] *= splat(scale[r]);
      store(tile + r * kPanel + v, row[r]);
#pragma GCC unroll 16
      for (int q = r + 1; q < kPanel; ++q) row[q] = fnma(splat(triangle[r * kPanel + q]), row[r], row[q]);
    }
  }
}

// The triangle itself. Returns how many pivots were too small.
inline std::int64_t factor_triangle(Real* m, Real least, Real* scale) {
  std::int64_t small = 0;
#pragma GCC unroll 16
  for (int r = 0; r < kPanel; ++r) {
    Real* row = m + r * kPanel;
    if (!(row[r] >= least)) {
      row[r] = least;
      ++small;
    }
    scale[r] = Real{1} / square_root(row[r]);
    for (int v = 0; v < kPanel; v += kWide) store(row + v, load(row + v) * splat(scale[r]));
    for (int v = 0; v < kPanel; v += kWide) {
      const V here = load(row + v);
      for (int q = r + 1; q < kPanel; ++q) {
        Real* below = m + q * kPanel + v;
        store(below, fnma(splat(row[q]), here, load(below)));
      }
    }
  }
  return small;
}

// sum - the rows of a panel times `by`, in four sums of every fourth row.
inline void subtract_rows(Real* sum, const Real* panel, const Real* by, std::int64_t count) {
  for (int v = 0; v < kPanel; v += kWide) {
    V s[4] = {load(sum + v), V{}, V{}, V{}};
    for (std::int64_t p = 0; p < count; p += 4) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) s[i] = fnma(splat(by[p + i]), load(panel + (p + i) * kPanel + v), s[i]);
    }
    store(sum + v, (s[0] + s[1]) + (s[2] + s[3]));
  }
}

std::int64_t factor(Real* upper, std::int64_t n, Real* right, Real least) {
  std::int64_t small = 0;
  for (std::int64_t k = 0; k < n; k += kPanel) {
    Real* own = upper_panel(upper, k / kPanel);
    Real* triangle = own + k * kPanel;
    Real scale[kPanel];
    subtract_all(triangle, own, own, k);
    small += factor_triangle(triangle, least, scale);
    subtract_rows(right + k, own, right, k);
    for (int r = 0; r < kPanel; ++r) {
      right[k + r] *= scale[r];
      for (int q = r + 1; q < kPanel; ++q) right[k + q] = minus(right[k + q], triangle[r * kPanel + q], right[k + r]);
    }
    for (std::int64_t c = k / kPanel + 1; c < n / kPanel; ++c) {
      Real* panel = upper_panel(upper, c);
      subtract_all(panel + k * kPanel, own, panel, k);
      finish_tile(panel + k * kPanel, triangle, scale);
    }
  }
  return small;
}

void variance(const Real* upper, std::int64_t n, Real* lower, Real* variances) {
  for (std::int64_t k = 0; k < n; k += kPanel) {
    const Real* own = upper_panel(upper, k / kPanel);
    const Real* triangle = own + k * kPanel;
    Real scale[kPanel];
    for (int r = 0; r < kPanel; ++r) scale[r] = Real{1} / triangle[r * kPanel + r];
    for (std::int64_t c = 0; c <= k / kPanel; ++c) {
      Real* panel = lower_panel(lower, n, c);
      Real* tile = panel + k * kPanel;
      for (int i = 0; i < kPanel * kPanel; i += kWide) store(tile + i, V{});
      if (c == k / kPanel) {
        for (int r = 0; r < kPanel; ++r) tile[r * kPanel + r] = 1;
      }
      subtract_all(tile, own + c * kPanel * kPanel, panel + c * kPanel * kPanel, k - c * kPanel);
      finish_tile(tile, triangle, scale);
    }
  }
  for (std::int64_t c = 0; c < n / kPanel; ++c) {
    const Real* panel = lower_panel(lower, n, c);
    for (int v = 0; v < kPanel; v += kWide) {
      V s[4] = {};
      for (std::int64_t p = c * kPanel; p < n; p += 4) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          const V y = load(panel + (p + i) * kPanel + v);
          s[i] = fma(y, y, s[i]);
        }
      }
      store(variances + c * kPanel + v, (s[0] + s[1]) + (s[2] + s[3]));
    }
  }
}

inline Real sum_of(Real* v) {
  for (int half = kPanel / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) v[l] += v[l + half];
  }
  return v[0];
}

void mean_of(const Real* upper, std::int64_t n, const Real* right, Real* mean) {
  for (std::int64_t k = n - kPanel; k >= 0; k -= kPanel) {
    Real sums[kPanel];
    for (int r = 0; r < kPanel; ++r) {
      V s[kVectors] = {};
      for (std::int64_t c = k / kPanel + 1; c < n / kPanel; ++c) {
        const Real* row = upper_panel(upper, c) + (k + r) * kPanel;
        for (int v = 0; v < kVectors; ++v) s[v] = fma(load(row + v * kWide), load(mean + c * kPanel + v * kWide), s[v]);
      }
      alignas(64) Real all[kPanel];
      for (int v = 0; v < kVectors; ++v) store(all + v * kWide, s[v]);
      sums[r] = right[k + r] - sum_of(all);
    }
    const Real* triangle = upper_panel(upper, k / kPanel) + k * kPanel;
    for (int r = kPanel - 1; r >= 0; --r) {
      mean[k + r] = sums[r] / triangle[r * kPanel + r];
      for (int q = 0; q < r; ++q) sums[q] = minus(sums[q], triangle[q * kPanel + r], mean[k + r]);
    }
  }
}

}  // namespace

extern const PosteriorKernels posterior_kernels;
const PosteriorKernels posterior_kernels = {build, factor, mean_of, variance};

}  // namespace lathe::LATHE_LEVEL
