// The transpose of a square of native vectors, in registers. For lane files only, as lanes.h.
#pragma once

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {

// Exchanges bit S of (vector index, lane index) in a square of kFloats vectors.
template <int S>
static inline void transpose_round(F* v) {
  I low, high;
  for (int i = 0; i < kFloats; ++i) {
    low[i] = (i & S) ? kFloats + (i ^ S) : i;
    high[i] = (i & S) ? kFloats + i : (i ^ S);
  }
#pragma GCC unroll 16
  for (int j = 0; j < kFloats; ++j) {
    if (!(j & S)) {
      const F a = v[j], b = v[j ^ S];
      v[j] = __builtin_shuffle(a, b, low);
      v[j ^ S] = __builtin_shuffle(a, b, high);
    }
  }
}
// v[i][j] becomes v[j][i]; kFloats vectors.
static inline void transpose(F* v) {
  transpose_round<1>(v);
  transpose_round<2>(v);
  if constexpr (kFloats > 4) transpose_round<4>(v);
  if constexpr (kFloats > 8) transpose_round<8>(v);
}

}  // namespace lathe::LATHE_LEVEL
