// Fractional delays along time: a vector holds consecutive frames, a tap is one unaligned load shared by all phases.
#include "kernels/loudness/interpolation.h"
#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

// Vectors that make up 16 frames; two groups of 8.
constexpr int kVectors = 16 / kFloats;

template <int S>
inline F exchanged(F v) {
  I index;
  for (int i = 0; i < kFloats; ++i) index[i] = i ^ S;
  return __builtin_shuffle(v, index);
}

inline void fold_groups(const F* v, float* peaks) {
#if defined(__AVX512F__)
  F m = max(v[0], exchanged<1>(v[0]));
  m = max(m, exchanged<2>(m));
  m = max(m, exchanged<4>(m));
  peaks[0] = peaks[0] > m[0] ? peaks[0] : m[0];
  peaks[1] = peaks[1] > m[8] ? peaks[1] : m[8];
#else
  for (int g = 0; g < 2; ++g) {
    F m = v[g * kVectors / 2];
    if constexpr (kVectors == 4) m = max(m, v[g * kVectors / 2 + 1]);
    m = max(m, exchanged<1>(m));
    m = max(m, exchanged<2>(m));
    if constexpr (kFloats == 8) m = max(m, exchanged<4>(m));
    peaks[g] = peaks[g] > m[0] ? peaks[g] : m[0];
  }
#endif
}

void group_sample_peaks(const float* x, std::int64_t frames, float* peaks) {
  for (std::int64_t n = 0; n < frames; n += 16) {
    F v[kVectors];
    for (int i = 0; i < kVectors; ++i) v[i] = abs(load(x + n + i * kFloats));
    fold_groups(v, peaks + n / kPeakGroup);
  }
}

// Steps of V vectors of frames, P phases at a time: a tap's coefficient is loaded once for V vectors, a vector of
// samples once for P phases. Every output is one chain of multiply-adds in the order of the taps.
template <int V, int P, int Taps>
void peaks_of(const InterpolationBank& bank, const float* x, std::int64_t frames, float* peaks) {
  static_assert(V * kFloats % 16 == 0);
  for (std::int64_t n = 0; n < frames; n += V * kFloats) {
    const float* first = x + n - Taps / 2 + 1;
    F best[V];
#pragma GCC unroll 4
    for (int i = 0; i < V; ++i) best[i] = abs(load(x + n + i * kFloats));
    for (int p = 0; p < bank.phases - 1; p += P) {
      const float* c = bank.coefficients.data() + p * Taps;
      F sum[P][V] = {};
#pragma GCC unroll 2
      for (int k = 0; k < Taps; ++k) {
        F in[V];
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) in[i] = load(first + k + i * kFloats);
#pragma GCC unroll 5
        for (int q = 0; q < P; ++q) {
          const F weight = splat(c[q * Taps + k]);
#pragma GCC unroll 4
          for (int i = 0; i < V; ++i) sum[q][i] = fma(in[i], weight, sum[q][i]);
        }
      }
#pragma GCC unroll 5
      for (int q = 0; q < P; ++q) {
#pragma GCC unroll 4
        for (int i = 0; i < V; ++i) best[i] = max(best[i], abs(sum[q][i]));
      }
    }
    for (int i = 0; i < V; i += kVectors) fold_groups(best + i, peaks + n / kPeakGroup + i * kFloats / kPeakGroup);
  }
}

template <int P, int Taps>
void peaks_by_size(const InterpolationBank& bank, const float* x, std::int64_t frames, float* peaks) {
  const std::int64_t whole = frames / (4 * kFloats) * (4 * kFloats);
  peaks_of<4, P, Taps>(bank, x, whole, peaks);
  peaks_of<kVectors, P, Taps>(bank, x + whole, frames - whole, peaks + whole / kPeakGroup);
}

void group_peaks(const InterpolationBank& bank, const float* x, std::int64_t frames, float* peaks) {
  // Phases beside the samples themselves: 3 or 15.
  if (bank.taps == 32) return peaks_by_size<3, 32>(bank, x, frames, peaks);
  peaks_by_size<3, 64>(bank, x, frames, peaks);
}

}  // namespace

extern const InterpolationKernels interpolation_kernels;
const InterpolationKernels interpolation_kernels = {group_peaks, group_sample_peaks};

}  // namespace lathe::LATHE_LEVEL
