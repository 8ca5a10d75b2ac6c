// Correlations, prediction errors and their levels, in lanes.
#include "kernels/restoration/impulse_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

void weigh(const float* x, const float* window, std::int64_t count, double* out) {
  for (std::int64_t n = 0; n < count; ++n) out[n] = static_cast<double>(x[n]) * static_cast<double>(window[n]);
}

// Every lag has four sums of its own, of each fourth sample: enough chains to hide a sum's latency, and an order that
// no level changes.
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
      for (int w = 0; w < kWide; ++w) sums[0][w] = fma(splat(x[n]), load(y + n + first + w * kDoubles), sums[0][w]);
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

// The fourth and the fifth of eight, by Batcher's odd-even merge sort without what does not reach them.
void medians_of_8(const float* x, std::int64_t count, float* out) {
  const auto order = [](F& a, F& b) {
    const F low = min(a, b);
    b = max(a, b);
    a = low;
  };
  for (std::int64_t i = 0; i < count; i += kFloats) {
    F v[8];
    for (int k = 0; k < 8; ++k) v[k] = load(x + i + k);
    for (int k = 0; k < 8; k += 2) order(v[k], v[k + 1]);
    for (int k = 0; k < 8; k += 4) order(v[k], v[k + 2]), order(v[k + 1], v[k + 3]), order(v[k + 1], v[k + 2]);
    for (int k = 0; k < 4; ++k) order(v[k], v[k + 4]);
    order(v[2], v[4]);
    order(v[3], v[5]);
    order(v[3], v[4]);
    const F middle = (v[3] + v[4]) * 0.5f;
    for (int k = 0; k < kFloats && i + k < count; ++k) out[i + k] = middle[k];
  }
}

void filter(const double* x, const double* a, int taps, std::int64_t count, double* out) {
  constexpr int kWide = 16 / kDoubles;
  for (std::int64_t n = 0; n < count; n += 16) {
    D even[kWide] = {}, odd[kWide] = {};
    int k = 0;
    for (; k + 1 < taps; k += 2) {
      const D low = splat(a[k]), high = splat(a[k + 1]);
      for (int w = 0; w < kWide; ++w) {
        even[w] = fma(low, load(x + n - k + w * kDoubles), even[w]);
        odd[w] = fma(high, load(x + n - k - 1 + w * kDoubles), odd[w]);
      }
    }
    if (k < taps) {
      for (int w = 0; w < kWide; ++w) even[w] = fma(splat(a[k]), load(x + n - k + w * kDoubles), even[w]);
    }
    for (int w = 0; w < kWide; ++w) store(out + n + w * kDoubles, load(out + n + w * kDoubles) + (even[w] + odd[w]));
  }
}

// Right-looking: each column, once done, is taken from those behind it, so that no sum waits for another.
void factor_band(double* columns, int stride, int order, int length, double* inverse) {
  for (int j = 0; j < length; ++j) {
    double* column = columns + j * stride;
    const double pivot = __builtin_sqrt(column[0] > 1e-30 ? column[0] : 1e-30), factor = 1 / pivot;
    inverse[j] = factor;
    const int last = order < length - 1 - j ? order : length - 1 - j;
    for (int d = 0; d <= last; d += kDoubles) store(column + d, load(column + d) * splat(factor));
    column[0] = pivot;
    for (int m = 1; m <= last; ++m) {
      const D times = splat(-column[m]);
      double* to = columns + (j + m) * stride;
      for (int d = 0; d <= last - m; d += kDoubles) store(to + d, fma(times, load(column + m + d), load(to + d)));
    }
  }
}

void solve_band(const double* columns, int stride, int order, int length, const double* inverse, double* x) {
  for (int j = 0; j < length; ++j) {
    const double* column = columns + j * stride;
    const double value = x[j] * inverse[j];
    const int last = order < length - 1 - j ? order : length - 1 - j;
    const D times = splat(-value);
    for (int d = 1; d <= last; d += kDoubles) store(x + j + d, fma(times, load(column + d), load(x + j + d)));
    x[j] = value;
  }
  for (int i = length; i < length + 16; ++i) x[i] = 0;
  for (int j = length - 1; j >= 0; --j) {
    const double* column = columns + j * stride;
    constexpr int kWide = 8 / kDoubles;
    D sums[kWide] = {};
    const int last = order < length - 1 - j ? order : length - 1 - j;
    for (int d = 1; d <= last; d += 8) {
      for (int w = 0; w < kWide; ++w)
        sums[w] = fma(load(column + d + w * kDoubles), load(x + j + d + w * kDoubles), sums[w]);
    }
    alignas(64) double parts[8];
    for (int w = 0; w < kWide; ++w) store(parts + w * kDoubles, sums[w]);
    const double sum =
        ((parts[0] + parts[4]) + (parts[2] + parts[6])) + ((parts[1] + parts[5]) + (parts[3] + parts[7]));
    x[j] = (x[j] - sum) * inverse[j];
  }
}

}  // namespace

extern const ImpulseKernels impulse_kernels;
const ImpulseKernels impulse_kernels = {weigh,        correlate, residuals,   cells,
                                        medians_of_8, filter,    factor_band, solve_band};

}  // namespace lathe::LATHE_LEVEL
