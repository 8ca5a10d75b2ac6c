// Dot products in sixteen partial sums, and a sum of turning lines.
#include "kernels/restoration/hum_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kRow = 16, kParts = kRow / kFloats;

// The same order of sums at every level.
inline float folded(const F* sums) {
#if defined(__AVX512F__)
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sums[0]), _mm512_extractf32x8_ps(sums[0], 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#elif defined(__AVX2__)
  const __m256 eight = _mm256_add_ps(sums[0], sums[1]);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#else
  __m128 four = _mm_add_ps(_mm_add_ps(sums[0], sums[2]), _mm_add_ps(sums[1], sums[3]));
#endif
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
}

// N dot products; `x` and `y` walk by x_step and y_step from one to the next.
template <int N>
inline void dots(const float* x, std::int64_t x_step, const float* y, std::int64_t y_step, std::int64_t length,
                 float* out) {
  F sums[N][kParts] = {};
  for (std::int64_t k = 0; k < length; k += kRow) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n)
        sums[n][p] = fma(load(x + n * x_step + k + p * kFloats), load(y + n * y_step + k + p * kFloats), sums[n][p]);
    }
  }
  for (int n = 0; n < N; ++n) out[n] = folded(sums[n]);
}

void lower(const float* x, std::int64_t count, std::int64_t factor, const float* taps, std::int64_t taps_count,
           float* u) {
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) dots<4>(x + i * factor, factor, taps, 0, taps_count, u + i);
  for (; i < count; ++i) dots<1>(x + i * factor, 0, taps, 0, taps_count, u + i);
}

void project(const float* x, std::int64_t length, const float* tables, std::int64_t step, std::int64_t columns,
             float* out) {
  std::int64_t j = 0;
  for (; j + 4 <= columns; j += 4) dots<4>(x, 0, tables + j * step, step, length, out + j);
  for (; j < columns; ++j) dots<1>(x, 0, tables + j * step, 0, length, out + j);
}

void synthesise(const HumStretch& s, float* hum) {
  F c[kParts], t[kParts], ramp[kParts];
  float lane[kRow];
  for (int i = 0; i < kRow; ++i) lane[i] = static_cast<float>(i);
  for (int p = 0; p < kParts; ++p) {
    c[p] = load(s.cosines + p * kFloats);
    t[p] = load(s.sines + p * kFloats);
    ramp[p] = load(lane + p * kFloats);
  }
  const F step_cos = splat(s.step_cos), step_sin = splat(s.step_sin), sixteen = splat(16.0f);
  for (std::int64_t row = 0; row < s.rows; ++row) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      F re = c[p], im = t[p], sum = splat(0.0f);
      for (int k = 0; k < s.lines; ++k) {
        sum = fma(fma(splat(s.real_slope[k]), ramp[p], splat(s.real[k])), re, sum);
        sum = fnma(fma(splat(s.imag_slope[k]), ramp[p], splat(s.imag[k])), im, sum);
        const F next = fnma(im, t[p], re * c[p]);
        im = fma(re, t[p], im * c[p]);
        re = next;
      }
      store(hum + row * kRow + p * kFloats, sum);
      const F turned = fnma(t[p], step_sin, c[p] * step_cos);
      t[p] = fma(c[p], step_sin, t[p] * step_cos);
      c[p] = turned;
      ramp[p] = ramp[p] + sixteen;
    }
  }
}

float subtract(const float* x, const float* hum, std::int64_t count, float* y) {
  F sums[kParts] = {};
  std::int64_t n = 0;
  for (; n + kRow <= count; n += kRow) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const F h = load(hum + n + p * kFloats);
      store(y + n + p * kFloats, load(x + n + p * kFloats) - h);
      sums[p] = fma(h, h, sums[p]);
    }
  }
  float rest = 0;
  for (; n < count; ++n) {
    const float h = hum[n];
    y[n] = x[n] - h;
    rest += h * h;
  }
  return folded(sums) + rest;
}

}  // namespace

extern const HumKernels hum_kernels;
const HumKernels hum_kernels = {lower, project, synthesise, subtract};

}  // namespace lathe::LATHE_LEVEL
