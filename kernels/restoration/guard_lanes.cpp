// A short symmetric filter, sums of squares, and a comparison of bits.
#include "kernels/restoration/guard_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kRow = 16, kParts = kRow / kFloats;

inline float folded(const F* sums) {
  float lanes[kRow];
  for (int p = 0; p < kParts; ++p) store(lanes + p * kFloats, sums[p]);
  for (int width = kRow / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

// x[Offset] .. beside x: at the widest level nearly every unaligned load crosses a cache line, which costs as much as
// putting the vector together from two; half of each keeps both rooms busy.
template <int Offset>
inline F beside(const float* x) {
#if defined(__AVX512F__)
  if constexpr (Offset % 2 != 0) {
    constexpr int kBase = Offset < 0 ? -kFloats : 0;
    return (F)_mm512_alignr_epi32(_mm512_loadu_si512(x + kBase + kFloats), _mm512_loadu_si512(x + kBase),
                                  Offset - kBase);
  }
#endif
  return load(x + Offset);
}

template <int... Taps>
struct Indices {};

// The filter at kFloats places from x on.
template <int... Taps>
inline F filtered(const float* x, F v, const float* taps, Indices<Taps...>) {
  F y = v * splat(taps[0]);
  ((y = fma(beside<Taps>(x) + beside<-Taps>(x), splat(taps[Taps]), y)), ...);
  return y;
}

void energies(const float* x, std::int64_t blocks, std::int64_t length, const float* taps, float* whole, float* high) {
  static_assert(kGuardReach == 16);
  for (std::int64_t b = 0; b < blocks; ++b) {
    F all[kParts] = {}, top[kParts] = {};
    for (std::int64_t n = b * length; n < (b + 1) * length; n += kRow) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        const float* at = x + n + p * kFloats;
        const F v = load(at);
        const F y = filtered(at, v, taps, Indices<1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16>());
        all[p] = fma(v, v, all[p]);
        top[p] = fma(y, y, top[p]);
      }
    }
    whole[b] = folded(all);
    high[b] = folded(top);
  }
}

std::int64_t difference(const float* x, const float* y, std::int64_t count, double* square) {
  typedef float Half __attribute__((vector_size(kDoubles * 4), aligned(4), may_alias));
  constexpr int kSums = 8, kVectors = kSums / kDoubles;
  constexpr std::int64_t kPiece = 1 << 20;  // counted in 32 bits
  std::int64_t samples = 0, n = 0;
  D sums[kVectors] = {};
  while (n + kRow <= count) {
    I same[kParts] = {};
    const std::int64_t first = n;
    for (const std::int64_t end = n + kPiece < count ? n + kPiece : count; n + kRow <= end; n += kRow) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        const I a = (I)load(x + n + p * kFloats), b = (I)load(y + n + p * kFloats);
        same[p] += (I)(a == b);
      }
#pragma GCC unroll 8
      for (int i = 0; i < 2 * kVectors; ++i) {
        // Samples of the same bits add nothing; a NaN shows in the sum, as it should.
        const D e = __builtin_convertvector(*reinterpret_cast<const Half*>(y + n + i * kDoubles), D) -
                    __builtin_convertvector(*reinterpret_cast<const Half*>(x + n + i * kDoubles), D);
        sums[i % kVectors] = fma(e, e, sums[i % kVectors]);
      }
    }
    samples += n - first;
    for (int l = 0; l < kRow; ++l) samples += same[l / kFloats][l % kFloats];
  }
  double sum = 0;
  for (int l = 0; l < kSums; ++l) sum += sums[l / kDoubles][l % kDoubles];
  for (; n < count; ++n) {
    if (x[n] == y[n] && __builtin_signbit(x[n]) == __builtin_signbit(y[n])) continue;
    const double e = (double)y[n] - (double)x[n];
    sum += e * e;
    ++samples;
  }
  *square += sum;
  return samples;
}

}  // namespace

extern const GuardKernels guard_kernels;
const GuardKernels guard_kernels = {energies, difference};

}  // namespace lathe::LATHE_LEVEL
