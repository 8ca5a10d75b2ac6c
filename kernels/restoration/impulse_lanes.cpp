// Correlations, prediction errors and their levels, in lanes.
#include "kernels/restoration/impulse_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

void weigh(const float* x, const float* window, std::int64_t count, double* out) {
  for (std::int64_t n = 0; n < count; ++n) out[n] = static_cast<double>(x[n]) * static_cast<double>(window[n]);
}

// Every lag has four sums of its own, of each fourth sample: enough chains to hide a sum's latency, and an order that no
// level changes.
void correlate(const double* x, const double* y, std::int64_t count, int lags, double* r) {
  constexpr int kWide = 16 / kDoubles;
  for (int first = 0; first < lags; first += 16) {
    D sums[4][kWide] = {};
    std::int64_t n = 0;
    for (; n + 4 <= count; n += 4) {
      for (int i = 0; i < 4; ++i) {
        const D factor = splat(x[n + i]);
        for (int w = 0; w < kWide; ++w) sums[i][w] = fma(factor, load(y + n + i + first + w * kDoubles), sums[i][w]);
      }
    }
    for (; n < count; ++n) {
      for (int w = 0; w < kWide; ++w)
        sums[0][w] = fma(splat(x[n]), load(y + n + first + w * kDoubles), sums[0][w]);
    }
    for (int w = 0; w < kWide; ++w)
      store(r + first + w * kDoubles, (sums[0][w] + sums[1][w]) + (sums[2][w] + sums[3][w]));
  }
}

void residuals(const float* x, const float* a, int order, std::int64_t count, float* forward, float* backward) {
  constexpr int kWide = 64 / kFloats > 4 ? 4 : 64 / kFloats;
  std::int64_t n = 0;
  const auto step = [&]<int kVectors>() {
    F f[kVectors] = {}, b[kVectors] = {};
    for (int k = 0; k <= order; ++k) {
      const F factor = splat(a[k]);
      for (int w = 0; w < kVectors; ++w) {
        f[w] = fma(factor, load(x + n - k + w * kFloats), f[w]);
        b[w] = fma(factor, load(x + n + k + w * kFloats), b[w]);
      }
    }
    for (int w = 0; w < kVectors; ++w) {
      store(forward + n + w * kFloats, f[w]);
      store(backward + n + w * kFloats, b[w]);
    }
    n += kVectors * kFloats;
  };
  while (n + kWide * kFloats <= count) step.template operator()<kWide>();
  while (n < count) step.template operator()<1>();
}

// Sums stand in rows of 16 on every level.
void cells(const float* e, std::int64_t count, float* means, float* peaks) {
  alignas(64) float sums[16], tops[16];
  for (std::int64_t c = 0; c < count; ++c) {
    const float* row = e + 32 * c;
    for (int w = 0; w < 16; w += kFloats) {
      const F low = abs(load(row + w)), high = abs(load(row + 16 + w));
      store(sums + w, low + high);
      store(tops + w, max(low, high));
    }
    for (int width = 8; width >= 1; width /= 2) {
      for (int i = 0; i < width; ++i) {
        sums[i] += sums[i + width];
        tops[i] = tops[i] > tops[i + width] ? tops[i] : tops[i + width];
      }
    }
    means[c] = sums[0] * (1.0f / 32);
    peaks[c] = tops[0];
  }
}

}  // namespace

extern const ImpulseKernels impulse_kernels;
const ImpulseKernels impulse_kernels = {weigh, correlate, residuals, cells};

}  // namespace lathe::LATHE_LEVEL
