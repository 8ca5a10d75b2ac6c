// From transforms of pairs of channels to what an octave holds.
#include "kernels/tonal_balance/octave_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kLaneParts = 16 / kFloats;

// With Z the transform of a + i b: |A|^2 + |B|^2 = (|Z_k|^2 + |Z_-k|^2) / 2, |B|^2 = |Z_k - conj Z_-k|^2 / 4, and
// Re(A conj B) = (Re Z_k Im Z_-k + Im Z_k Re Z_-k) / 2.
void sum(const float* re, const float* im, const std::int32_t* rows, const float* weight, std::int64_t bins,
         OctaveSums& sums) {
  const F half = splat(0.5f), quarter = splat(0.25f);
  for (int p = 0; p < kLaneParts; ++p) {
    const int lane = p * kFloats;
    F power = load(sums.power + lane), side = load(sums.side + lane), weighted = load(sums.weighted + lane);
    F weighted_side = load(sums.weighted_side + lane), weighted_tilt = load(sums.weighted_tilt + lane);
    for (std::int64_t i = 0; i < bins; ++i) {
      const std::int64_t at = (std::int64_t)rows[2 * i] * 16 + lane, mirror = (std::int64_t)rows[2 * i + 1] * 16 + lane;
      const F xr = load(re + at), xi = load(im + at), yr = load(re + mirror), yi = load(im + mirror);
      const F dr = xr - yr, di = xi + yi, w = splat(weight[i]);
      const F both = half * (fma(xr, xr, xi * xi) + fma(yr, yr, yi * yi));
      const F second = quarter * fma(dr, dr, di * di);
      const F product = half * fma(xr, yi, xi * yr);
      power = power + both;
      side = side + second;
      weighted = fma(w, both, weighted);
      weighted_side = fma(w, second, weighted_side);
      weighted_tilt = fma(w, product, weighted_tilt);
    }
    store(sums.power + lane, power);
    store(sums.side + lane, side);
    store(sums.weighted + lane, weighted);
    store(sums.weighted_side + lane, weighted_side);
    store(sums.weighted_tilt + lane, weighted_tilt);
  }
}

}  // namespace

extern const OctaveKernels octave_kernels;
const OctaveKernels octave_kernels = {sum};

}  // namespace lathe::LATHE_LEVEL
