// The lane kernels of the hum remover: down to the low rate, projections on lines, and the hum itself.
#pragma once

#include <cstdint>

namespace lathe {

// Lines a hum may have.
constexpr int kMostHumLines = 16;

// One stretch of hum at the full rate: line k turns at k times the fundamental, its amplitude goes along a straight
// line.
struct HumStretch {
  std::int64_t rows = 0;  // of 16 frames
  int lines = 0;
  const float* cosines = nullptr;  // of the fundamental's phase at frames 0..15
  const float* sines = nullptr;
  float step_cos = 1, step_sin = 0;  // turn of the fundamental in 16 frames
  const float* real = nullptr;       // per line: Re of the amplitude at frame 0
  const float* imag = nullptr;
  const float* real_slope = nullptr;  // change a frame
  const float* imag_slope = nullptr;
};

struct HumKernels {
  // u[i] = sum over k < taps_count of taps[k] x[i factor + k]; taps_count a multiple of 16.
  void (*lower)(const float* x, std::int64_t count, std::int64_t factor, const float* taps, std::int64_t taps_count,
                float* u);
  // out[j] = sum over n < length of x[n] tables[j step + n]; length a multiple of 16.
  void (*project)(const float* x, std::int64_t length, const float* tables, std::int64_t step, std::int64_t columns,
                  float* out);
  // hum[n] = sum over lines of Re(amplitude(n) exp(i k phase(n))) for 16 rows frames.
  void (*synthesise)(const HumStretch&, float* hum);
  // y = x - hum; returns the sum of hum^2.
  float (*subtract)(const float* x, const float* hum, std::int64_t count, float* y);
};

namespace sse2 {
extern const HumKernels hum_kernels;
}
namespace avx2 {
extern const HumKernels hum_kernels;
}
namespace avx512 {
extern const HumKernels hum_kernels;
}

const HumKernels& hum_kernels();

}  // namespace lathe
