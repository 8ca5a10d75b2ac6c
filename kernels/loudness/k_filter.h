// The K-weighting filter of one channel, in blocks: 16 outputs at once from 16 inputs and the state between blocks.
#pragma once

#include <cstdint>

#include "kernels/math/k_weighting.h"

namespace lathe {

constexpr int kFilterBlock = 16;

// The two biquads as one state-space system, unrolled over 16 samples:
//   y[0..15] = observe * s + respond * x[0..15],   s' = advance * s + absorb * x[0..15].
// All in float64: with float32 state the high-pass has 57 dB SNR at 192 kHz, and a float32 scan of it none.
struct KFilterTables {
  double respond[kFilterBlock][kFilterBlock];  // [input][output], zero where output < input
  double observe[4][kFilterBlock];             // [state][output]
  double absorb[kFilterBlock][4];              // [input][next state]
  double advance[4][4];                        // [state][next state]
};

KFilterTables make_k_filter_tables(double sample_rate_hz);

struct KFilterState {
  double s[4] = {0, 0, 0, 0};
};

struct KFilterKernels {
  // `frames` is a multiple of 16. y[n] = K-weighted x[n].
  void (*run)(const KFilterTables&, KFilterState&, const float* x, std::int64_t frames, double* y);
  // The same for two channels at once, each as `run` has it: one hides the latency of the other's recursion.
  void (*run_pair)(const KFilterTables&, KFilterState*, const float* const* x, std::int64_t frames, double* const* y);
  // Sum of y^2 over `count` values: 16 partial sums by index modulo 16 from the start, then pairwise.
  double (*sum_of_squares)(const double* y, std::int64_t count);
};

namespace sse2 {
extern const KFilterKernels k_filter_kernels;
}
namespace avx2 {
extern const KFilterKernels k_filter_kernels;
}
namespace avx512 {
extern const KFilterKernels k_filter_kernels;
}

const KFilterKernels& k_filter_kernels();

}  // namespace lathe
