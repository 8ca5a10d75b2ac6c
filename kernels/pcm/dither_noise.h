// The noise that dither adds, from a counter-based generator in lanes. For lane files only: see simd/lanes.h.
#pragma once

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

// Philox-2x32 with 7 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011: the
// fewest that pass all of BigCrush): one call with counter n/2 gives the 64 bits of frames n and n+1.
constexpr int kRounds = 7;
constexpr std::uint32_t kMultiplier = 0xD256D193u, kWeyl = 0x9E3779B9u;

#if !defined(__AVX2__)
struct Pair {
  std::uint32_t first, second;
};
inline Pair philox(std::uint64_t counter, std::uint32_t key) {
  std::uint32_t a = (std::uint32_t)counter, b = (std::uint32_t)(counter >> 32);
  for (int round = 0; round < kRounds; ++round, key += kWeyl) {
    const std::uint64_t product = (std::uint64_t)kMultiplier * a;
    a = (std::uint32_t)(product >> 32) ^ key ^ b;
    b = (std::uint32_t)product;
  }
  return {a, b};
}

// Triangular, of mean 0, within +-1: the difference of two 16-bit uniforms, in steps of 2^-16.
inline float triangular(std::uint32_t bits) {
  return (float)((std::int32_t)(bits >> 16) - (std::int32_t)(bits & 0xffffu)) * 0x1p-16f;
}
#endif

// The generator of one channel in lanes, its round keys spread out once. `at` gives 16 values, for frames first ..
// first + 15; first is even.
#if defined(__AVX2__)
#if defined(__AVX512F__)
typedef __m512i Bits;
inline Bits spread(std::uint32_t x) { return _mm512_set1_epi64(x); }
inline Bits counters(std::int64_t first) {
  return _mm512_add_epi64(_mm512_set1_epi64(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Bits multiplied(Bits a, Bits b) { return _mm512_mul_epu32(a, b); }
inline Bits high_word(Bits a) { return _mm512_srli_epi64(a, 32); }
inline Bits mixed(Bits a, Bits b, Bits c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
// Frame 2i is in the low half of a, frame 2i + 1 in that of b.
inline void store_triangular(float* noise, Bits a, Bits b) {
  const Bits bits = _mm512_mask_blend_epi32(0xaaaa, a, _mm512_slli_epi64(b, 32));
  const Bits t = _mm512_sub_epi32(_mm512_srli_epi32(bits, 16), _mm512_and_si512(bits, _mm512_set1_epi32(0xffff)));
  _mm512_store_ps(noise, _mm512_mul_ps(_mm512_cvtepi32_ps(t), _mm512_set1_ps(0x1p-16f)));
}
#else
typedef __m256i Bits;
inline Bits spread(std::uint32_t x) { return _mm256_set1_epi64x(x); }
inline Bits counters(std::int64_t first) {
  return _mm256_add_epi64(_mm256_set1_epi64x(first), _mm256_setr_epi64x(0, 1, 2, 3));
}
inline Bits multiplied(Bits a, Bits b) { return _mm256_mul_epu32(a, b); }
inline Bits high_word(Bits a) { return _mm256_srli_epi64(a, 32); }
inline Bits mixed(Bits a, Bits b, Bits c) { return _mm256_xor_si256(_mm256_xor_si256(a, b), c); }
inline void store_triangular(float* noise, Bits a, Bits b) {
  const Bits bits = _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xaa);
  const Bits t = _mm256_sub_epi32(_mm256_srli_epi32(bits, 16), _mm256_and_si256(bits, _mm256_set1_epi32(0xffff)));
  _mm256_store_ps(noise, _mm256_mul_ps(_mm256_cvtepi32_ps(t), _mm256_set1_ps(0x1p-16f)));
}
#endif

class DitherNoise {
 public:
  explicit DitherNoise(std::uint32_t key) {
    for (int round = 0; round < kRounds; ++round) keys_[round] = spread(key + (std::uint32_t)round * kWeyl);
  }

  // N vectors of counters at once: the rounds of one wait for each other.
  template <int Frames>
  void at(std::int64_t first, float* noise) const {
    constexpr int kFrames = sizeof(Bits) / sizeof(float), kVectors = Frames / kFrames;
    Bits a[kVectors], b[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      a[v] = counters((first + v * kFrames) / 2);
      b[v] = high_word(a[v]);
    }
    const Bits m = spread(kMultiplier);
#pragma GCC unroll 10
    for (int round = 0; round < kRounds; ++round) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Bits product = multiplied(a[v], m);
        a[v] = mixed(high_word(product), b[v], keys_[round]);
        b[v] = product;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) store_triangular(noise + v * kFrames, a[v], b[v]);
  }

 private:
  Bits keys_[kRounds];
};
#else
class DitherNoise {
 public:
  explicit DitherNoise(std::uint32_t key) : key_(key) {}

  template <int Frames>
  void at(std::int64_t first, float* noise) const {
    for (int i = 0; i < Frames; i += 2) {
      const Pair bits = philox((std::uint64_t)(first + i) / 2, key_);
      noise[i] = triangular(bits.first);
      noise[i + 1] = triangular(bits.second);
    }
  }

 private:
  std::uint32_t key_;
};
#endif

}  // namespace
}  // namespace lathe::LATHE_LEVEL
