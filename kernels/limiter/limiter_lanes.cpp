// Window maxima by doubling, smoothing along time, and the interpolated gain, in lanes.
#include "kernels/limiter/limiter_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

void needed(const float* peaks, std::int64_t count, float limit, float* out) {
  const F zero = splat(0.0f), one = splat(1.0f), ceiling = splat(limit);
  std::int64_t i = 0;
  for (; i + kFloats <= count; i += kFloats) {
    const F p = load(peaks + i);
    store(out + i, p > ceiling ? one - ceiling / p : zero);
  }
  for (; i < count; ++i) out[i] = peaks[i] > limit ? 1.0f - limit / peaks[i] : 0.0f;
}

struct Larger {
  static F of(F a, F b) { return max(a, b); }
  static float of(float a, float b) { return a > b ? a : b; }
};
struct Smaller {
  static F of(F a, F b) { return min(a, b); }
  static float of(float a, float b) { return a < b ? a : b; }
};

// After step w the value at i is the extreme of w values from i on; the last step overlaps to reach the window.
template <class Extreme>
void slide(float* in, std::int64_t count, std::int64_t window, float* out) {
  std::int64_t have = 1, length = count + window - 1;
  const auto widen = [in, &length](std::int64_t shift) {
    length -= shift;
    std::int64_t i = 0;
    for (; i + kFloats <= length; i += kFloats) store(in + i, Extreme::of(load(in + i), load(in + i + shift)));
    for (; i < length; ++i) in[i] = Extreme::of(in[i], in[i + shift]);
  };
  for (; 2 * have <= window; have *= 2) widen(have);
  if (have < window) widen(window - have);
  for (std::int64_t i = 0; i < count; ++i) out[i] = in[i];
}

void smooth(const float* in, std::int64_t count, const float* weights, std::int64_t taps, float* out) {
  std::int64_t i = 0;
  for (; i + kFloats <= count; i += kFloats) {
    F sum = splat(0.0f);
    for (std::int64_t k = 0; k < taps; ++k) sum = fma(load(in + i + k), splat(weights[k]), sum);
    store(out + i, sum);
  }
  for (; i < count; ++i) {
    float sum = 0;
    for (std::int64_t k = 0; k < taps; ++k) {
#if defined(__AVX2__)
      sum = __builtin_fmaf(in[i + k], weights[k], sum);
#else
      sum = sum + in[i + k] * weights[k];
#endif
    }
    out[i] = sum;
  }
}

typedef float Eight __attribute__((vector_size(32)));
typedef float EightUnaligned __attribute__((vector_size(32), aligned(4), may_alias));

void apply(const float* x, std::int64_t groups, float gain, const float* knots, float* y) {
  const Eight ramp = {0.0f, 0.125f, 0.25f, 0.375f, 0.5f, 0.625f, 0.75f, 0.875f};
  for (std::int64_t g = 0; g < groups; ++g) {
    const float from = gain - gain * knots[g], step = gain * (knots[g] - knots[g + 1]);
    const Eight in = *reinterpret_cast<const EightUnaligned*>(x + 8 * g);
    *reinterpret_cast<EightUnaligned*>(y + 8 * g) = in * (from + step * ramp);
  }
}

float largest_phase(const float* bank, int taps, const float* x) {
  constexpr int kParts = kPhases / kFloats, kSums = 4;
  // Several sums: one alone would wait for itself.
  F sum[kSums][kParts] = {};
  for (int k = 0; k < taps; k += kSums) {
#pragma GCC unroll 4
    for (int s = 0; s < kSums; ++s) {
#pragma GCC unroll 4
      for (int h = 0; h < kParts; ++h)
        sum[s][h] = fma(splat(x[k + s]), load(bank + (k + s) * kPhases + h * kFloats), sum[s][h]);
    }
  }
  float most = 0;
  for (int h = 0; h < kParts; ++h) {
    const F all = abs((sum[0][h] + sum[1][h]) + (sum[2][h] + sum[3][h]));
    for (int l = 0; l < kFloats; ++l) most = all[l] > most ? all[l] : most;
  }
  return most;
}

}  // namespace

extern const LimiterKernels limiter_kernels;
const LimiterKernels limiter_kernels = {needed, slide<Larger>, slide<Smaller>, smooth, apply, largest_phase};

}  // namespace lathe::LATHE_LEVEL
