// The lane kernels of BassKernel: down to the low rate, and back up.
#pragma once

#include <cstdint>

namespace lathe {

struct BassKernels {
  // u[i] = sum over k < 8 factor of taps[k] x[factor i + k], for i < count; factor a multiple of 16.
  void (*lower)(const float* x, std::int64_t count, std::int64_t factor, const float* taps, float* u);
  // x[factor i + r] += sum over t < 8 of weights[t factor + r] v[i + t], for i < count and r < factor.
  void (*raise)(const float* v, std::int64_t count, std::int64_t factor, const float* weights, float* x);
};

namespace sse2 {
extern const BassKernels bass_kernels;
}
namespace avx2 {
extern const BassKernels bass_kernels;
}
namespace avx512 {
extern const BassKernels bass_kernels;
}

const BassKernels& bass_kernels();

}  // namespace lathe
