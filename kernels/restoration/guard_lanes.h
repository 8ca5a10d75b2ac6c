// The lane kernel of the guard: energies of short blocks, whole and of the highest octave.
#pragma once

#include <cstdint>

namespace lathe {

struct GuardKernels {
  // For block b: whole[b] = sum of x^2, high[b] = sum of (h * x)^2 with the symmetric filter taps[0 .. reach], over
  // x[b length .. (b + 1) length); length a multiple of 16. `reach` samples are readable on both sides.
  void (*energies)(const float* x, std::int64_t blocks, std::int64_t length, const float* taps, std::int64_t reach,
                   float* whole, float* high);
};

namespace sse2 {
extern const GuardKernels guard_kernels;
}
namespace avx2 {
extern const GuardKernels guard_kernels;
}
namespace avx512 {
extern const GuardKernels guard_kernels;
}

}  // namespace lathe
