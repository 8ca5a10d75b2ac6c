// The lane kernels of the guard: energies of short blocks, whole and of the highest octave, and what a stage changed.
#pragma once

#include <cstdint>

namespace lathe {

constexpr int kGuardReach = 16;

struct GuardKernels {
  // For block b: whole[b] = sum of x^2, high[b] = sum of (h * x)^2 with the symmetric filter taps[0 .. kGuardReach],
  // over x[b length .. (b + 1) length); length a multiple of 16. kGuardReach samples before x and kGuardReach + 16
  // behind its end are readable.
  void (*energies)(const float* x, std::int64_t blocks, std::int64_t length, const float* taps, float* whole,
                   float* high);
  // Samples of y whose bits are not x's; adds the sum of their squared differences to *square.
  std::int64_t (*difference)(const float* x, const float* y, std::int64_t count, double* square);
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
