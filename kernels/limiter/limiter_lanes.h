// The lane kernels of the limiter: window maxima, smoothing, and the gain itself.
#pragma once

#include <cstdint>

namespace lathe {

// Of an interpolator whose phases lie beside each other: largest_phase().
constexpr int kPhases = 16;

struct LimiterKernels {
  // needed[i] = max(0, 1 - limit / peaks[i]), 0 where peaks[i] is 0.
  void (*needed)(const float* peaks, std::int64_t count, float limit, float* needed);
  // out[i] = max of in[i .. i + window - 1]; `in` has count + window - 1 values and is overwritten; `out` may be `in`.
  void (*sliding_max)(float* in, std::int64_t count, std::int64_t window, float* out);
  void (*sliding_min)(float* in, std::int64_t count, std::int64_t window, float* out);
  // out[i] = sum of weights[k] * in[i + k]
  void (*smooth)(const float* in, std::int64_t count, const float* weights, std::int64_t taps, float* out);
  void (*apply)(const float* x, std::int64_t groups, float gain, const float* knots, float* y);
  // Largest |sum over k of bank[k * kPhases + p] * x[k]| of all phases p; taps a multiple of 4, the bank 64-byte
  // aligned.
  float (*largest_phase)(const float* bank, int taps, const float* x);
};

namespace sse2 {
extern const LimiterKernels limiter_kernels;
}
namespace avx2 {
extern const LimiterKernels limiter_kernels;
}
namespace avx512 {
extern const LimiterKernels limiter_kernels;
}

}  // namespace lathe
