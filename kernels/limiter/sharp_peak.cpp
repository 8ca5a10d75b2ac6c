#include "kernels/limiter/sharp_peak.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/limiter/limiter_lanes.h"
#include "kernels/math/kaiser.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr int kTaps = 2 * kSharpPeakHalo;

// coefficient[tap][phase]; phase 0 is the sample itself and left at 0.
AlignedArray<float> make_bank(double cutoff, double attenuation_db) {
  // Kaiser's formulas: the transition is (attenuation - 8) / (2.285 * 255 * 2 pi) of the rate wide.
  const double beta = 0.1102 * (attenuation_db - 8.7);
  // One low-pass at 16 times the rate holds all phases.
  const std::vector<double> h = kaiser_low_pass(cutoff / kPhases, kPhases * kSharpPeakHalo - 1, beta);
  AlignedArray<float> bank(static_cast<std::size_t>(kTaps * kPhases));
  for (int p = 1; p < kPhases; ++p) {
    std::array<double, kTaps> phase{};
    double sum = 0;
    for (int k = 0; k < kTaps; ++k) {
      // Tap k is the sample k - kSharpPeakHalo + 1 frames on.
      const int at = p - kPhases * (k - kSharpPeakHalo + 1) + kPhases * kSharpPeakHalo - 1;
      if (at < 0 || at >= static_cast<int>(h.size())) continue;
      phase[static_cast<std::size_t>(k)] = h[static_cast<std::size_t>(at)];
      sum += h[static_cast<std::size_t>(at)];
    }
    for (int k = 0; k < kTaps; ++k)
      bank[static_cast<std::size_t>(k * kPhases + p)] = static_cast<float>(phase[static_cast<std::size_t>(k)] / sum);
  }
  return bank;
}

}  // namespace

float sharp_peak(const float* x, float worth) {
  static const AlignedArray<float> banks[] = {make_bank(0.5, 80), make_bank(0.4875, 100), make_bank(0.478, 160)};
  static const LimiterKernels& kernels =
      pick_level(sse2::limiter_kernels, avx2::limiter_kernels, avx512::limiter_kernels);
  float most = std::abs(x[0]);
  for (const AlignedArray<float>& bank : banks) {
    most = std::max(most, kernels.largest_phase(bank.data(), kTaps, x - kSharpPeakHalo + 1));
    if (most < worth) break;
  }
  return most;
}

}  // namespace lathe
