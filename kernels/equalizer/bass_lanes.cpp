// Sixteen partial sums a dot product, folded in the same order at every level.
#include "kernels/equalizer/bass_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kSums = 16, kParts = kSums / kFloats;

inline __m128 to_four(const F* sums) {
#if defined(__AVX512F__)
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sums[0]), _mm512_extractf32x8_ps(sums[0], 1));
  return _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#elif defined(__AVX2__)
  const __m256 eight = _mm256_add_ps(sums[0], sums[1]);
  return _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#else
  return _mm_add_ps(_mm_add_ps(sums[0], sums[2]), _mm_add_ps(sums[1], sums[3]));
#endif
}

inline float folded(const F* sums) {
  __m128 four = to_four(sums);
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
}

// N neighbouring dot products.
template <int N>
inline void lower_some(const float* x, std::int64_t factor, const float* taps, float* u) {
  F sums[N][kParts] = {};
  for (std::int64_t k = 0; k < 8 * factor; k += kSums) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const F weight = load(taps + k + p * kFloats);
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) sums[n][p] = fma(load(x + n * factor + k + p * kFloats), weight, sums[n][p]);
    }
  }
  for (int n = 0; n < N; ++n) u[n] = folded(sums[n]);
}

void lower(const float* x, std::int64_t count, std::int64_t factor, const float* taps, float* u) {
  constexpr int kTogether = kParts > 2 ? 2 : 4;
  std::int64_t i = 0;
  for (; i + kTogether <= count; i += kTogether) lower_some<kTogether>(x + i * factor, factor, taps, u + i);
  for (; i < count; ++i) lower_some<1>(x + i * factor, factor, taps, u + i);
}

void raise(const float* v, std::int64_t count, std::int64_t factor, const float* weights, float* x) {
  // The weights of one vector of phases stay in registers along the whole stretch.
  for (std::int64_t r = 0; r < factor; r += kFloats) {
    F w[8];
#pragma GCC unroll 8
    for (int t = 0; t < 8; ++t) w[t] = load(weights + t * factor + r);
    for (std::int64_t i = 0; i < count; ++i) {
      F sum = w[0] * splat(v[i]);
#pragma GCC unroll 8
      for (int t = 1; t < 8; ++t) sum = fma(w[t], splat(v[i + t]), sum);
      store(x + i * factor + r, load(x + i * factor + r) + sum);
    }
  }
}

}  // namespace

extern const BassKernels bass_kernels;
const BassKernels bass_kernels = {lower, raise};

}  // namespace lathe::LATHE_LEVEL
