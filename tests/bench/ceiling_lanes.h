// What the processor can do at most at one instruction level: chains of multiply-adds that nothing holds up,
// and plain copies.
#pragma once

#include <cstdint>

namespace lathe {

struct CeilingKernels {
  // Both run `rounds` rounds on the 32 values at `values` and return the floating-point operations they did.
  double (*float_fma)(float* values, std::int64_t rounds);
  double (*double_fma)(double* values, std::int64_t rounds);
  // Plain loads and stores; count a multiple of 16.
  void (*copy)(const float* from, float* to, std::int64_t count);
};

namespace sse2 {
extern const CeilingKernels ceiling_kernels;
}
namespace avx2 {
extern const CeilingKernels ceiling_kernels;
}
namespace avx512 {
extern const CeilingKernels ceiling_kernels;
}

}  // namespace lathe
