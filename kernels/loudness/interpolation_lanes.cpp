// Fractional delays along time: a vector holds consecutive frames, a tap is one unaligned load shared by all phases.
#include "kernels/loudness/interpolation.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

inline std::uint32_t over(F v, F threshold) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(v, threshold, _CMP_GT_OQ);
#elif defined(__AVX2__)
  return (std::uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(v, threshold, _CMP_GT_OQ));
#else
  return (std::uint32_t)_mm_movemask_ps(_mm_cmpgt_ps(v, threshold));
#endif
}

inline float largest(__m128 m) {
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}
#if defined(__AVX2__)
inline float largest(__m256 m) { return largest(_mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1))); }
#endif
#if defined(__AVX512F__)
inline __m256 low_half(F v) { return _mm512_castps512_ps256(v); }
inline __m256 high_half(F v) { return _mm512_extractf32x8_ps(v, 1); }
inline float largest(F m) { return largest(_mm256_max_ps(low_half(m), high_half(m))); }
#endif

#if defined(__AVX2__)
// The larger of neighbours in a and in b, side by side.
inline __m256 fold(__m256 a, __m256 b) {
  return _mm256_max_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd));
}

// The maxima of eight groups at once.
inline __m256 eight_peaks(const float* x) {
  const __m256 mask = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 v[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    // Halves of groups i and i + 4 side by side: one fold level less.
    const float *low = x + i * kPeakGroup, *high = x + (i + 4) * kPeakGroup;
    const __m256 a = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
    const __m256 b = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)), _mm_loadu_ps(high + 4), 1);
    v[i] = _mm256_max_ps(_mm256_and_ps(a, mask), _mm256_and_ps(b, mask));
  }
  return fold(fold(v[0], v[1]), fold(v[2], v[3]));
}
#endif

float highest(const float* x, std::int64_t count) {
  F most[4] = {};
  std::int64_t n = 0;
  for (; n + 4 * kFloats <= count; n += 4 * kFloats) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) most[v] = max(most[v], abs(load(x + n + v * kFloats)));
  }
  float rest = 0;
  for (; n < count; ++n) rest = rest > __builtin_fabsf(x[n]) ? rest : __builtin_fabsf(x[n]);
  const float all = largest(max(max(most[0], most[1]), max(most[2], most[3])));
  return all > rest ? all : rest;
}

void group_sample_peaks(const float* x, std::int64_t frames, float* peaks) {
  std::int64_t n = 0;
#if defined(__AVX2__)
  for (; n + 64 <= frames; n += 64, peaks += 8)
    _mm256_storeu_ps(peaks, _mm256_max_ps(_mm256_loadu_ps(peaks), eight_peaks(x + n)));
#endif
  for (; n < frames; n += kPeakGroup, ++peaks) {
    __m128 m = _mm_max_ps(_mm_loadu_ps(x + n), _mm_loadu_ps(x + n + 4));
    const __m128 least = _mm_min_ps(_mm_loadu_ps(x + n), _mm_loadu_ps(x + n + 4));
    m = _mm_max_ps(m, _mm_sub_ps(_mm_setzero_ps(), least));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_shuffle_ps(m, m, 1));
    _mm_store_ss(peaks, _mm_max_ss(m, _mm_load_ss(peaks)));
  }
}

// best[v] = the larger of itself and what Q pairs of phases, and the middle one if Middle, make of frames x[v *
// kFloats]... `c` is the first of their columns in the folded bank, `stride` the length of its rows.
template <int V, int Q, bool Middle>
inline void raise(const float* c, int stride, int pairs, const float* x, F* best) {
  F middle[V] = {}, even[Q][V] = {}, odd[Q][V] = {};
#pragma GCC unroll 8
  for (int i = 0; i < pairs; ++i, c += stride) {
    F s[V], d[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const F left = load(x - i + v * kFloats), right = load(x + 1 + i + v * kFloats);
      s[v] = right + left;
      d[v] = right - left;
    }
    if constexpr (Middle) {
      const F weight = splat(c[0]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) middle[v] = fma(s[v], weight, middle[v]);
    }
#pragma GCC unroll 3
    for (int q = 0; q < Q; ++q) {
      const F for_even = splat(c[2 * q + Middle]), for_odd = splat(c[2 * q + Middle + 1]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        even[q][v] = fma(s[v], for_even, even[q][v]);
        odd[q][v] = fma(d[v], for_odd, odd[q][v]);
      }
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    if constexpr (Middle) best[v] = max(best[v], abs(middle[v]));
#pragma GCC unroll 3
    for (int q = 0; q < Q; ++q) best[v] = max(best[v], abs(even[q][v]) + abs(odd[q][v]));
  }
}

// x[Offset] .. beside an aligned x. Loads are what limits this room: at the widest level nearly every unaligned one
// crosses a cache line and costs twice what it costs to put the vector together.
template <int Offset>
inline F beside(const float* x) {
#if defined(__AVX512F__)
  if constexpr (Offset % kFloats != 0) {
    constexpr int kBase = Offset < 0 ? -kFloats : 0;
    return (F)_mm512_alignr_epi32(_mm512_loadu_si512(x + kBase + kFloats), _mm512_loadu_si512(x + kBase),
                                  Offset - kBase);
  }
#endif
  return load(x + Offset);
}

// Numbers known when compiling, to unroll by.
template <int...>
struct Indices {};

// What `raise` does, with all taps of a bank of 4 phases unrolled.
template <int V, int Pair>
inline void add_pair(const float* c, const float* x, F* middle, F* even, F* odd) {
  const F for_middle = splat(c[3 * Pair]), for_even = splat(c[3 * Pair + 1]), for_odd = splat(c[3 * Pair + 2]);
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    F left = beside<-Pair>(x + v * kFloats), right = beside<Pair + 1>(x + v * kFloats);
    asm("" : "+v"(left), "+v"(right));  // or each is loaded for the sum and again for the difference
    const F s = right + left, d = right - left;
    middle[v] = fma(s, for_middle, middle[v]);
    even[v] = fma(s, for_even, even[v]);
    odd[v] = fma(d, for_odd, odd[v]);
  }
}
template <int V, int... Pairs>
inline void raise_by_four(const float* c, const float* x, F* best, Indices<Pairs...>) {
  // At the lowest level the loop is the faster one: unrolled, its 16 registers do not hold it.
  if constexpr (kFloats == 4) return raise<V, 1, true>(c, 3, sizeof...(Pairs), x, best);
  F middle[V] = {}, even[V] = {}, odd[V] = {};
  (add_pair<V, Pairs>(c, x, middle, even, odd), ...);
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) best[v] = max(max(best[v], abs(middle[v])), abs(even[v]) + abs(odd[v]));
}

template <int V>
inline void raise_all(const InterpolationBank& bank, const float* x, F* best) {
  const float* c = bank.folded.data();
  const int stride = bank.phases - 1;
  raise<V, 1, true>(c, stride, bank.taps / 2, x, best);
  for (int column = 3; column < stride; column += 4) raise<V, 2, false>(c + column, stride, bank.taps / 2, x, best);
}

// The peaks of the groups that V vectors of frames make up.
template <int V>
inline void peaks_of(const InterpolationBank& bank, const float* x, float* peaks) {
  F best[V];
  for (int v = 0; v < V; ++v) best[v] = abs(load(x + v * kFloats));
  if (bank.phases == 4 && bank.taps == 32) {
    raise_by_four<V>(bank.folded.data(), x, best, Indices<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>());
  } else {
    raise_all<V>(bank, x, best);
  }
  const auto raise_group = [peaks](int g, float m) { peaks[g] = peaks[g] > m ? peaks[g] : m; };
#if defined(__AVX512F__)
  for (int v = 0; v < V; ++v) {
    raise_group(2 * v, largest(low_half(best[v])));
    raise_group(2 * v + 1, largest(high_half(best[v])));
  }
#elif defined(__AVX2__)
  for (int v = 0; v < V; ++v) raise_group(v, largest(best[v]));
#else
  for (int v = 0; v < V; v += 2) raise_group(v / 2, largest(max(best[v], best[v + 1])));
#endif
}

void group_peaks(const InterpolationBank& bank, const float* x, std::int64_t frames, float* peaks) {
  std::int64_t n = 0;
  for (; n + 2 * kFloats <= frames; n += 2 * kFloats) peaks_of<2>(bank, x + n, peaks + n / kPeakGroup);
#if defined(__AVX512F__)
  if (n < frames) peaks_of<1>(bank, x + n, peaks + n / kPeakGroup);
#endif
}

inline F bend_at(const float* x) {
  const F here = load(x);
  return abs((load(x - 1) - here) + (load(x + 1) - here));
}

void group_bends(const float* x, std::int64_t frames, float* bends) {
  constexpr std::int64_t kPiece = 64;
  alignas(64) float piece[kPiece];
  for (std::int64_t n = 0; n < frames; n += kPiece) {
    const std::int64_t count = frames - n < kPiece ? frames - n : kPiece;
    std::int64_t i = 0;
    for (; i + kFloats <= count; i += kFloats) store(piece + i, bend_at(x + n + i));
    for (; i < count; ++i) piece[i] = __builtin_fabsf((x[n + i - 1] - x[n + i]) + (x[n + i + 1] - x[n + i]));
    group_sample_peaks(piece, count, bends + n / kPeakGroup);
  }
}

inline F highest_around(const float* p) {
  static_assert(kReachGroups == 2);
  return max(max(max(load(p - 2), load(p - 1)), max(load(p), load(p + 1))), load(p + 2));
}

void groups_over(const InterpolationBank& bank, const float* peaks, const float* bends, std::int64_t groups,
                 float limit, std::uint16_t* over_bits) {
  constexpr int kWord = 16;
  // Words at either end read from a copy with silence around it.
  constexpr int kPad = 16;
  float peaks_copy[kWord + 2 * kPad], bends_copy[kWord + 2 * kPad];
  for (std::int64_t first = 0; first < groups; first += kWord) {
    const float *p = peaks + first, *b = bends + first;
    if (first < kPad || first + kWord + kPad > groups) {
      for (int i = 0; i < kWord + 2 * kPad; ++i) {
        const std::int64_t g = first - kPad + i;
        const bool is_there = g >= 0 && g < groups;
        peaks_copy[i] = is_there ? peaks[g] : 0.0f;
        bends_copy[i] = is_there ? bends[g] : 0.0f;
      }
      p = peaks_copy + kPad;
      b = bends_copy + kPad;
    }
    std::uint32_t bits = 0;
    for (int i = 0; i < kWord; i += kFloats) {
      const F around = highest_around(p + i), bent = highest_around(b + i), inside = max(load(p + i), load(p + i + 1));
      const F most = min(around * splat(bank.bound),
                         fma(bent, splat(bank.bend_bound), fma(around, splat(bank.slope_bound), inside)));
      bits |= over(most, splat(limit)) << i;
    }
    if (first + kWord > groups) bits &= (1u << (groups - first)) - 1;
    over_bits[first / kWord] = (std::uint16_t)bits;
  }
}

// The largest second difference of x[-3] .. x[4].
inline float bend_around(const float* x) {
  float most = 0;
  for (int j = -3; j <= 4; ++j) {
    const float bend = (x[j - 1] - x[j]) + (x[j + 1] - x[j]);
    most = most > bend ? most : bend;
    most = most > -bend ? most : -bend;
  }
  return most;
}

void stretch_bounds(const float* x, std::int64_t count, float* highest, float* bend) {
  for (std::int64_t s = 0; s < count; ++s, x += kPeakStretch) {
    F high = abs(load(x)), bent = bend_at(x);
#pragma GCC unroll 8
    for (int n = kFloats; n < kPeakStretch; n += kFloats) {
      high = max(high, abs(load(x + n)));
      bent = max(bent, bend_at(x + n));
    }
    highest[s] = largest(high);
    bend[s] = largest(bent);
  }
}

std::uint32_t places_over(const InterpolationBank& quick, const float* x, float peak) {
  constexpr int kTogether = 2;
  float reading[kPeakStretch];
  F most = {};
  for (int n = 0; n < kPeakStretch; n += kTogether * kFloats) {
    F best[kTogether];
    for (int v = 0; v < kTogether; ++v) {
      best[v] = max(abs(load(x + n + v * kFloats)), abs(load(x + n + v * kFloats + 1)));
    }
    raise_by_four<kTogether>(quick.folded.data(), x + n, best, Indices<0, 1, 2, 3, 4, 5, 6, 7>());
    for (int v = 0; v < kTogether; ++v) {
      most = max(most, best[v]);
      store(reading + n + v * kFloats, best[v]);
    }
  }
  const F threshold = splat(peak * kQuickShare);
  if (over(most, threshold) == 0) return 0;
  std::uint32_t near = 0, places = 0;
  for (int n = 0; n < kPeakStretch; n += kFloats) near |= over(load(reading + n), threshold) << n;
  for (; near != 0; near &= near - 1) {
    const int n = __builtin_ctz(near);
    if (reading[n] + kBendShare * bend_around(x + n) > peak) places |= 1u << n;
  }
  return places;
}

// The eight pairs of phases of answer_bank(): one vector at both AVX levels, two below.
#if defined(__AVX2__)
typedef __m256 Phases;
inline Phases add_product(float a, const float* b, Phases c) {
  return _mm256_fmadd_ps(_mm256_set1_ps(a), _mm256_load_ps(b), c);
}
#else
typedef F Phases;
inline Phases add_product(float a, const float* b, Phases c) { return splat(a) * load(b) + c; }
#endif
constexpr int kPhaseWidth = sizeof(Phases) / sizeof(float), kPhaseParts = 8 / kPhaseWidth;

inline Phases magnitude(Phases v) {
#if defined(__AVX2__)
  return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
#else
  return abs(v);
#endif
}

float peak_at(const InterpolationBank& answer, const float* x) {
  constexpr int kPairs = 32;
  float s[kPairs], d[kPairs];
  for (int i = 0; i < kPairs; ++i) {
    s[i] = x[1 + i] + x[-i];
    d[i] = x[1 + i] - x[-i];
  }
  // Two sums of every second tap: one alone would wait for itself.
  Phases even[2][kPhaseParts] = {}, odd[2][kPhaseParts] = {};
  const float* c = answer.by_phase.data();
  for (int i = 0; i < kPairs; i += 2, c += 32) {
#pragma GCC unroll 2
    for (int k = 0; k < 2; ++k) {
#pragma GCC unroll 2
      for (int h = 0; h < kPhaseParts; ++h) {
        even[k][h] = add_product(s[i + k], c + k * 16 + h * kPhaseWidth, even[k][h]);
        odd[k][h] = add_product(d[i + k], c + k * 16 + 8 + h * kPhaseWidth, odd[k][h]);
      }
    }
  }
  float most = x[0] < 0 ? -x[0] : x[0];
  for (int h = 0; h < kPhaseParts; ++h) {
    const float between = largest(magnitude(even[0][h] + even[1][h]) + magnitude(odd[0][h] + odd[1][h]));
    most = most > between ? most : between;
  }
  return most;
}

}  // namespace

extern const InterpolationKernels interpolation_kernels;
const InterpolationKernels interpolation_kernels = {group_peaks, highest,        group_sample_peaks, group_bends,
                                                    groups_over, stretch_bounds, places_over,        peak_at};

}  // namespace lathe::LATHE_LEVEL
