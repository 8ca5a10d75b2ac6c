// The native vectors of one instruction level. For lane files only: each is compiled once per level with LATHE_LEVEL
// set to sse2, avx2 or avx512, and puts all it defines into `namespace lathe::LATHE_LEVEL`, so that no inline function
// of a high level can be linked into a low one.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#ifndef LATHE_LEVEL
#error "lanes.h is for files listed under LANES in CMake"
#endif

namespace lathe::LATHE_LEVEL {

#if defined(__AVX512F__)
constexpr int kFloats = 16;
#elif defined(__AVX2__)
constexpr int kFloats = 8;
#else
constexpr int kFloats = 4;
#endif
constexpr int kDoubles = kFloats / 2;

typedef float F __attribute__((vector_size(kFloats * 4)));
typedef double D __attribute__((vector_size(kDoubles * 8)));
typedef std::int32_t I __attribute__((vector_size(kFloats * 4)));
typedef std::uint32_t U __attribute__((vector_size(kFloats * 4)));
typedef float FUnaligned __attribute__((vector_size(kFloats * 4), aligned(4), may_alias));
typedef double DUnaligned __attribute__((vector_size(kDoubles * 8), aligned(8), may_alias));

static inline F load(const float* p) { return *reinterpret_cast<const FUnaligned*>(p); }
static inline void store(float* p, F v) { *reinterpret_cast<FUnaligned*>(p) = v; }
static inline D load(const double* p) { return *reinterpret_cast<const DUnaligned*>(p); }
static inline void store(double* p, D v) { *reinterpret_cast<DUnaligned*>(p) = v; }

static inline F splat(float x) { return x - F{}; }
static inline D splat(double x) { return x - D{}; }

// a * b + c, fused where the level has it: said, never left to the compiler, so that avx2 and avx512 round alike.
static inline F fma(F a, F b, F c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}
static inline D fma(D a, D b, D c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_pd(a, b, c);
#else
  return a * b + c;
#endif
}
// c - a * b
static inline F fnma(F a, F b, F c) {
#if defined(__AVX512F__)
  return _mm512_fnmadd_ps(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fnmadd_ps(a, b, c);
#else
  return c - a * b;
#endif
}

static inline F abs(F x) {
  const I mask = 0x7fffffff - I{};
  return (F)((I)x & mask);
}

// The larger of each pair; where one is NaN the second is taken, as the processor's own instruction does.
static inline F max(F a, F b) { return a > b ? a : b; }
static inline F min(F a, F b) { return a < b ? a : b; }

}  // namespace lathe::LATHE_LEVEL
