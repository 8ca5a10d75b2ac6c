#include "kernels/tonal_balance/long_term_spectrum.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/math/gating.h"
#include "kernels/math/k_weighting.h"
#include "kernels/simd/level.h"
#include "kernels/tonal_balance/long_term_lanes.h"

namespace lathe {
namespace {

constexpr double kAbsoluteGate_lufs = -70, kRelativeGate_lu = -10;

}  // namespace

const LongTermKernels& long_term_kernels() {
  return pick_level(sse2::long_term_kernels, avx2::long_term_kernels, avx512::long_term_kernels);
}

double k_weighted_power(const LongTermSpectrum& spectrum) {
  if (spectrum.is_empty()) return 0;
  const std::vector<double> weights = k_weights(2 * spectrum.nyquist_hz(), spectrum.power.size(), spectrum.bin_hz);
  double sum = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * spectrum.power[k];
  return sum;
}

std::int64_t LongTermSpectrumMeter::points_at(double sample_rate_hz) { return 8192 * rate_factor(sample_rate_hz); }

LongTermSpectrumMeter::LongTermSpectrumMeter(double sample_rate_hz, int channels)
    : SegmentedMeter(points_at(sample_rate_hz), channels, channels == 2),
      sample_rate_hz_(sample_rate_hz),
      levels_(kLevels) {
  // Parseval, and the window's share of the power. Mid and side add up to the mean over the channels by themselves.
  scale_ = 1 / (static_cast<double>(points()) * window_power() * (channels == 2 ? 1 : channels));
  const double bin_hz = sample_rate_hz / static_cast<double>(points());
  const std::vector<double> weights = k_weights(sample_rate_hz, static_cast<std::size_t>(bins()), bin_hz);
  // Loudness adds the channels' powers up.
  for (std::size_t k = 0; k < weights.size(); ++k)
    weights_.push_back(static_cast<float>(weights[k] * sides_of(k, weights.size()) * scale_ * channels));
}

void LongTermSpectrumMeter::use(std::int64_t segments) {
  const LongTermKernels& kernels = long_term_kernels();
  const bool is_stereo = channels() == 2;
  alignas(64) float weighted[kSegmentLanes] = {};
  kernels.weigh(power(), weights_.data(), bins(), weighted);

  float* to_power[kSegmentLanes] = {};
  float* to_side[kSegmentLanes] = {};
  for (std::size_t lane = 0; lane < static_cast<std::size_t>(segments); ++lane) {
    const double loudness = loudness_of_power(static_cast<double>(weighted[lane]));
    if (!(loudness >= kAbsoluteGate_lufs)) continue;
    Level& level =
        levels_[static_cast<std::size_t>(std::min(kLevels - 1.0, std::floor(loudness - kAbsoluteGate_lufs)))];
    level.power.resize(static_cast<std::size_t>(bins()));
    if (is_stereo) level.side.resize(static_cast<std::size_t>(bins()));
    level.weighted += static_cast<double>(weighted[lane]);
    ++level.segments;
    to_power[lane] = level.power.data();
    to_side[lane] = is_stereo ? level.side.data() : nullptr;
  }
  kernels.add(power(), bins(), to_power);
  if (is_stereo) kernels.add(side(), bins(), to_side);
  segments_ += segments;
}

LongTermSpectrum LongTermSpectrumMeter::spectrum() const {
  LongTermSpectrum result;
  result.bin_hz = sample_rate_hz_ / static_cast<double>(points());
  result.segments = segments_;
  double weighted = 0;
  std::int64_t count = 0;
  for (const Level& level : levels_) {
    weighted += level.weighted;
    count += level.segments;
  }
  if (count == 0) return result;
  const double gate = loudness_of_power(weighted / static_cast<double>(count)) + kRelativeGate_lu;
  const auto first = static_cast<std::size_t>(std::clamp(std::lround(gate - kAbsoluteGate_lufs), 0L, kLevels - 1L));
  const auto count_of_bins = static_cast<std::size_t>(bins());
  result.power.assign(count_of_bins, 0.0);
  if (channels() == 2) result.side.assign(count_of_bins, 0.0);
  for (std::size_t l = first; l < levels_.size(); ++l) {
    const Level& level = levels_[l];
    if (level.segments == 0) continue;
    result.loud_segments += level.segments;
    for (std::size_t k = 0; k < count_of_bins; ++k) {
      result.power[k] += static_cast<double>(level.power[k]);
      if (channels() == 2) result.side[k] += static_cast<double>(level.side[k]);
    }
  }
  for (std::size_t k = 0; k < count_of_bins; ++k) {
    const double scale = scale_ * sides_of(k, count_of_bins) / static_cast<double>(result.loud_segments);
    result.power[k] *= scale;
    if (channels() == 2) result.side[k] *= scale;
  }
  return result;
}

}  // namespace lathe
