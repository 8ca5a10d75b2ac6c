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

// |K|^2 on the bins.
std::vector<double> k_weights(double sample_rate_hz, std::size_t bins, double bin_hz) {
  const auto sections = k_weighting(sample_rate_hz);
  std::vector<double> weights(bins);
  for (std::size_t k = 0; k < bins; ++k) {
    const double f = static_cast<double>(k) * bin_hz;
    const double h = magnitude(sections[0], f, sample_rate_hz) * magnitude(sections[1], f, sample_rate_hz);
    weights[k] = h * h;
  }
  return weights;
}

// Bins between 0 and half the rate stand for both signs of their frequency.
double sides_of(std::size_t bin, std::size_t bins) { return bin == 0 || bin + 1 == bins ? 1 : 2; }

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
    : sample_rate_hz_(sample_rate_hz),
      channels_(channels),
      points_(points_at(sample_rate_hz)),
      hop_(points_ / 2),
      bins_(points_ / 2 + 1),
      fft_(points_),
      row_of_bin_(static_cast<std::size_t>(points_)),
      stride_(points_ + (kSegmentLanes - 1) * hop_),
      held_(static_cast<std::size_t>(stride_ * std::max(channels, 0))),
      re_(static_cast<std::size_t>(points_ * kSegmentLanes)),
      im_(static_cast<std::size_t>(points_ * kSegmentLanes)),
      power_(static_cast<std::size_t>(bins_ * kSegmentLanes)),
      more_(static_cast<std::size_t>(channels >= 2 ? bins_ * kSegmentLanes : 0)),
      levels_(kLevels) {
  if (channels < 1) throw std::invalid_argument("a long-term spectrum needs a channel");
  for (std::size_t r = 0; r < fft_.bin_of_row().size(); ++r)
    row_of_bin_[static_cast<std::size_t>(fft_.bin_of_row()[r])] = static_cast<std::int32_t>(r);
  double window_power = 0;
  for (std::int64_t n = 0; n < points_; ++n) {
    const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(points_));
    window_.push_back(static_cast<float>(w));
    window_power += w * w;
  }
  // Parseval, and the window's share of the power. Mid and side add up to the mean over the channels by themselves.
  scale_ = 1 / (static_cast<double>(points_) * window_power * (channels == 2 ? 1 : channels));
  const double bin_hz = sample_rate_hz / static_cast<double>(points_);
  const std::vector<double> weights = k_weights(sample_rate_hz, static_cast<std::size_t>(bins_), bin_hz);
  // Loudness adds the channels' powers up.
  for (std::size_t k = 0; k < weights.size(); ++k)
    weights_.push_back(static_cast<float>(weights[k] * sides_of(k, weights.size()) * scale_ * channels));
}

void LongTermSpectrumMeter::take(AudioView frames) {
  for (std::int64_t used = 0; used < frames.frames;) {
    const std::int64_t n = std::min(frames.frames - used, stride_ - filled_);
    for (int c = 0; c < channels_; ++c) copy_samples(frames.channel(c) + used, n, held_.data() + c * stride_ + filled_);
    used += n;
    filled_ += n;
    if (filled_ < stride_) continue;
    transform(kSegmentLanes);
    filled_ = points_ - hop_;
    for (int c = 0; c < channels_; ++c) {
      float* row = held_.data() + c * stride_;
      std::copy_n(row + kSegmentLanes * hop_, filled_, row);
    }
  }
}

void LongTermSpectrumMeter::finish() {
  const std::int64_t whole = filled_ < points_ ? 0 : (filled_ - points_) / hop_ + 1;
  if (whole == 0) return;
  for (int c = 0; c < channels_; ++c)
    std::fill(held_.data() + c * stride_ + filled_, held_.data() + (c + 1) * stride_, 0.0f);
  transform(whole);
}

// The first `segments` of the 16 that are held.
void LongTermSpectrumMeter::transform(std::int64_t segments) {
  const LongTermKernels& kernels = long_term_kernels();
  const bool is_stereo = channels_ == 2;
  alignas(64) float weighted[kSegmentLanes] = {};
  for (int c = 0; c < channels_; c += 2) {
    const float* a = held_.data() + c * stride_;
    kernels.arrange(a, c + 1 < channels_ ? a + stride_ : nullptr, is_stereo, hop_, window_.data(), points_, re_.data(),
                    im_.data());
    fft_.forward(re_.data(), im_.data());
    float* power = c == 0 ? power_.data() : more_.data();
    kernels.powers(re_.data(), im_.data(), row_of_bin_.data(), points_, power, is_stereo ? more_.data() : nullptr);
    if (c > 0) {
      for (std::size_t i = 0; i < more_.size(); ++i) power_[i] += more_[i];
    }
  }
  kernels.weigh(power_.data(), weights_.data(), bins_, weighted);

  float* to[kSegmentLanes] = {};
  float* side[kSegmentLanes] = {};
  for (std::size_t lane = 0; lane < static_cast<std::size_t>(segments); ++lane) {
    const double loudness = loudness_of_power(static_cast<double>(weighted[lane]));
    if (!(loudness >= kAbsoluteGate_lufs)) continue;
    Level& level =
        levels_[static_cast<std::size_t>(std::min(kLevels - 1.0, std::floor(loudness - kAbsoluteGate_lufs)))];
    level.power.resize(static_cast<std::size_t>(bins_));
    if (is_stereo) level.side.resize(static_cast<std::size_t>(bins_));
    level.weighted += static_cast<double>(weighted[lane]);
    ++level.segments;
    to[lane] = level.power.data();
    side[lane] = is_stereo ? level.side.data() : nullptr;
  }
  kernels.add(power_.data(), bins_, to);
  if (is_stereo) kernels.add(more_.data(), bins_, side);
  segments_ += segments;
}

LongTermSpectrum LongTermSpectrumMeter::spectrum() const {
  LongTermSpectrum result;
  result.bin_hz = sample_rate_hz_ / static_cast<double>(points_);
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
  const auto bins = static_cast<std::size_t>(bins_);
  result.power.assign(bins, 0.0);
  if (channels_ == 2) result.side.assign(bins, 0.0);
  for (std::size_t l = first; l < levels_.size(); ++l) {
    const Level& level = levels_[l];
    if (level.segments == 0) continue;
    result.loud_segments += level.segments;
    for (std::size_t k = 0; k < bins; ++k) {
      result.power[k] += static_cast<double>(level.power[k]);
      if (channels_ == 2) result.side[k] += static_cast<double>(level.side[k]);
    }
  }
  for (std::size_t k = 0; k < bins; ++k) {
    const double scale = scale_ * sides_of(k, bins) / static_cast<double>(result.loud_segments);
    result.power[k] *= scale;
    if (channels_ == 2) result.side[k] *= scale;
  }
  return result;
}

}  // namespace lathe
