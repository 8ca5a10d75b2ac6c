// One look at every sample: sums, extremes, black rows, flat tops; and the rows that spectra are made of.
#include "kernels/inspection/inspection_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kParts = kInspectionLanes / kFloats;
constexpr int kRows = kInspectionGroup / kInspectionLanes;

inline bool any(I bits) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)bits, (__m512i)bits) != 0;
#elif defined(__AVX2__)
  return _mm256_testz_si256((__m256i)bits, (__m256i)bits) == 0;
#else
  return _mm_movemask_epi8(_mm_cmpeq_epi32((__m128i)bits, _mm_setzero_si128())) != 0xffff;
#endif
}

inline float largest(F v) {
  alignas(64) float lanes[kFloats];
  store(lanes, v);
#pragma GCC unroll 4
  for (int half = kFloats / 2; half >= 4; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
  }
  const float a = lanes[0] > lanes[1] ? lanes[0] : lanes[1], b = lanes[2] > lanes[3] ? lanes[2] : lanes[3];
  return a > b ? a : b;
}

void channel(const float* x, std::int64_t groups, float flat_from, ChannelRows& rows, float* peak,
             std::uint8_t* sounding, std::uint8_t* flat) {
  F sum[kParts] = {}, square[kParts] = {}, highest[kParts], lowest[kParts];
  for (int p = 0; p < kParts; ++p) highest[p] = lowest[p] = load(x + p * kFloats);
  const F from = splat(flat_from);
  for (std::int64_t g = 0; g < groups; ++g, x += kInspectionGroup) {
    F group_peak = {};
    I flats = {};
    unsigned sounds = 0;
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      F row_peak = {};
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        const float* at = x + r * kInspectionLanes + p * kFloats;
        const F v = load(at), size = abs(v);
        const F next = load(at + 1), third = load(at + 2);
        sum[p] += v;
        square[p] = fma(v, v, square[p]);
        highest[p] = max(v, highest[p]);
        lowest[p] = min(v, lowest[p]);
        row_peak = max(size, row_peak);
        flats |= (I)(v == next) & (I)(next == third) & (I)(size >= from);
      }
      sounds |= (unsigned)any((I)row_peak) << r;
      group_peak = max(row_peak, group_peak);
    }
    const float top = largest(group_peak);
    peak[g] = top > peak[g] ? top : peak[g];
    sounding[g] = (std::uint8_t)(sounding[g] | sounds);
    flat[g] = any(flats);
  }
  for (int p = 0; p < kParts; ++p) {
    store(rows.sum + p * kFloats, sum[p]);
    store(rows.square + p * kFloats, square[p]);
    store(rows.highest + p * kFloats, highest[p]);
    store(rows.lowest + p * kFloats, lowest[p]);
  }
}

void fourth_differences(const float* x, std::int64_t rows, float* peak) {
  const F four = splat(4.0f), six = splat(6.0f);
  for (std::int64_t r = 0; r < rows; ++r, x += kInspectionLanes) {
    F row = {};
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const float* at = x + p * kFloats;
      const F outer = load(at - 2) + load(at + 2), inner = load(at - 1) + load(at + 1);
      row = max(abs(fma(six, load(at), fnma(four, inner, outer))), row);
    }
    const float top = largest(row);
    peak[r] = top > peak[r] ? top : peak[r];
  }
}

void pair(const float* left, const float* right, std::int64_t groups, PairRows& rows) {
  F product[kParts] = {}, square[kParts] = {}, peak[kParts] = {};
  for (std::int64_t n = 0; n < groups * kInspectionGroup; n += kInspectionLanes) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const F l = load(left + n + p * kFloats), r = load(right + n + p * kFloats), d = l - r;
      product[p] = fma(l, r, product[p]);
      square[p] = fma(d, d, square[p]);
      peak[p] = max(abs(d), peak[p]);
    }
  }
  for (int p = 0; p < kParts; ++p) {
    store(rows.product + p * kFloats, product[p]);
    store(rows.difference_square + p * kFloats, square[p]);
    store(rows.difference_peak + p * kFloats, peak[p]);
  }
}

// Four frames of four segments to four rows of four lanes.
inline void transpose_four(const float* x, std::int64_t stride, const float* window, float* out) {
  __m128 a = _mm_loadu_ps(x), b = _mm_loadu_ps(x + stride), c = _mm_loadu_ps(x + 2 * stride),
         d = _mm_loadu_ps(x + 3 * stride);
  const __m128 w = _mm_loadu_ps(window);
  a = _mm_mul_ps(a, w);
  b = _mm_mul_ps(b, w);
  c = _mm_mul_ps(c, w);
  d = _mm_mul_ps(d, w);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_store_ps(out, a);
  _mm_store_ps(out + kInspectionLanes, b);
  _mm_store_ps(out + 2 * kInspectionLanes, c);
  _mm_store_ps(out + 3 * kInspectionLanes, d);
}

void arrange(const float* segments, std::int64_t stride, const float* window, std::int64_t points, float* re,
             float* im) {
  for (std::int64_t n = 0; n < points; n += 4) {
#pragma GCC unroll 4
    for (int lane = 0; lane < kInspectionLanes; lane += 4) {
      const std::int64_t to = n * kInspectionLanes + lane;
      transpose_four(segments + 2 * lane * stride + n, 2 * stride, window + n, re + to);
      transpose_four(segments + (2 * lane + 1) * stride + n, 2 * stride, window + n, im + to);
    }
  }
}

void add_powers(const float* re, const float* im, std::int64_t points, double* power) {
  for (std::int64_t row = 0; row < points; ++row, re += kInspectionLanes, im += kInspectionLanes) {
    alignas(64) float lanes[kInspectionLanes];
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const F a = load(re + p * kFloats), b = load(im + p * kFloats);
      store(lanes + p * kFloats, fma(a, a, b * b));
    }
    // The same tree of sums at every level.
    const __m128 four = _mm_add_ps(_mm_add_ps(_mm_load_ps(lanes), _mm_load_ps(lanes + 4)),
                                   _mm_add_ps(_mm_load_ps(lanes + 8), _mm_load_ps(lanes + 12)));
    _mm_store_ps(lanes, four);
    power[row] += (double)((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
  }
}

void add_bands(const float* re, const float* im, const std::int32_t* rows, std::int64_t bands, float* power) {
  for (std::int64_t b = 0; b < bands; ++b, rows += kRowsABand, power += kInspectionLanes) {
    F sum[kParts];
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) sum[p] = load(power + p * kFloats);
    for (int r = 0; r < kRowsABand; ++r) {
      const std::int64_t at = (std::int64_t)rows[r] * kInspectionLanes;
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        const F x = load(re + at + p * kFloats), y = load(im + at + p * kFloats);
        sum[p] = fma(x, x, fma(y, y, sum[p]));
      }
    }
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) store(power + p * kFloats, sum[p]);
  }
}

}  // namespace

extern const InspectionKernels inspection_kernels;
const InspectionKernels inspection_kernels = {channel, fourth_differences, pair, arrange, add_powers, add_bands};

}  // namespace lathe::LATHE_LEVEL
