// From segments to powers in lanes, and from lanes to sums.
#include "kernels/tonal_balance/long_term_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kParts = kSegmentLanes / kFloats;

// Four frames of four segments to four rows of four lanes.
inline void four_rows(__m128 a, __m128 b, __m128 c, __m128 d, float* out) {
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_store_ps(out, a);
  _mm_store_ps(out + kSegmentLanes, b);
  _mm_store_ps(out + 2 * kSegmentLanes, c);
  _mm_store_ps(out + 3 * kSegmentLanes, d);
}

void arrange(const float* a, const float* b, bool mid_side, std::int64_t hop, const float* window, std::int64_t points,
             float* re, float* im) {
  // Half the window makes the mean of two channels of their sum.
  const __m128 half = _mm_set1_ps(mid_side ? 0.5f : 1.0f), zero = _mm_setzero_ps();
  for (int lane = 0; lane < kSegmentLanes; lane += 4) {
    const float* x = a + lane * hop;
    const float* y = b == nullptr ? nullptr : b + lane * hop;
    for (std::int64_t n = 0; n < points; n += 4) {
      const __m128 w = _mm_mul_ps(_mm_loadu_ps(window + n), half);
      __m128 first[4], second[4];
#pragma GCC unroll 4
      for (int s = 0; s < 4; ++s) {
        const __m128 u = _mm_loadu_ps(x + s * hop + n);
        const __m128 v = y == nullptr ? zero : _mm_loadu_ps(y + s * hop + n);
        first[s] = _mm_mul_ps(mid_side ? _mm_add_ps(u, v) : u, w);
        second[s] = _mm_mul_ps(mid_side ? _mm_sub_ps(u, v) : v, w);
      }
      const std::int64_t to = n * kSegmentLanes + lane;
      four_rows(first[0], first[1], first[2], first[3], re + to);
      four_rows(second[0], second[1], second[2], second[3], im + to);
    }
  }
}

// With Z the transform of a + i b: |A_k|^2 + |B_k|^2 = (|Z_k|^2 + |Z_-k|^2) / 2, and B_k = (Z_k - conj Z_-k) / 2i.
void powers(const float* re, const float* im, const std::int32_t* row_of_bin, std::int64_t points, float* power,
            float* second) {
  const F half = splat(0.5f), quarter = splat(0.25f);
  for (std::int64_t k = 0; k <= points / 2; ++k) {
    const std::int64_t at = (std::int64_t)row_of_bin[k] * kSegmentLanes;
    const std::int64_t mirror = (std::int64_t)row_of_bin[k == 0 ? 0 : points - k] * kSegmentLanes;
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const F xr = load(re + at + p * kFloats), xi = load(im + at + p * kFloats);
      const F yr = load(re + mirror + p * kFloats), yi = load(im + mirror + p * kFloats);
      const std::int64_t to = k * kSegmentLanes + p * kFloats;
      const F sum = fma(xr, xr, xi * xi) + fma(yr, yr, yi * yi);
      store(power + to, half * sum);
      if (second != nullptr) {
        const F dr = xr - yr, di = xi + yi;
        store(second + to, quarter * fma(dr, dr, di * di));
      }
    }
  }
}

void weigh(const float* power, const float* weight, std::int64_t bins, float* to) {
  F sum[kParts];
#pragma GCC unroll 4
  for (int p = 0; p < kParts; ++p) sum[p] = load(to + p * kFloats);
  for (std::int64_t k = 0; k < bins; ++k, power += kSegmentLanes) {
    const F w = splat(weight[k]);
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) sum[p] = fma(w, load(power + p * kFloats), sum[p]);
  }
#pragma GCC unroll 4
  for (int p = 0; p < kParts; ++p) store(to + p * kFloats, sum[p]);
}

void add(const float* power, std::int64_t bins, float* const* to) {
  for (int lane = 0; lane < kSegmentLanes; lane += 4) {
    float* const rows[4] = {to[lane], to[lane + 1], to[lane + 2], to[lane + 3]};
    std::int64_t k = 0;
    for (; k + 4 <= bins; k += 4) {
      const float* from = power + k * kSegmentLanes + lane;
      __m128 r[4] = {_mm_load_ps(from), _mm_load_ps(from + kSegmentLanes), _mm_load_ps(from + 2 * kSegmentLanes),
                     _mm_load_ps(from + 3 * kSegmentLanes)};
      _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]);
      // One after the other: two lanes may add to the same sums.
#pragma GCC unroll 4
      for (int s = 0; s < 4; ++s) {
        if (rows[s] != nullptr) _mm_storeu_ps(rows[s] + k, _mm_add_ps(_mm_loadu_ps(rows[s] + k), r[s]));
      }
    }
    for (; k < bins; ++k) {
      for (int s = 0; s < 4; ++s) {
        if (rows[s] != nullptr) rows[s][k] += power[k * kSegmentLanes + lane + s];
      }
    }
  }
}

}  // namespace

extern const LongTermKernels long_term_kernels;
const LongTermKernels long_term_kernels = {arrange, powers, weigh, add};

}  // namespace lathe::LATHE_LEVEL
