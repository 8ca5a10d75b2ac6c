#include "kernels/tonal_balance/ridge_meter.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/math/decibel.h"
#include "kernels/math/gating.h"
#include "kernels/math/k_weighting.h"
#include "kernels/tonal_balance/long_term_lanes.h"

namespace lathe {
namespace {

constexpr double kAbsoluteGate_lufs = -70, kRelativeGate_lu = -10;
constexpr double kLoudnessOffset_db = 0.691;  // BS.1770: loudness is 10 log10 of the power, less this

}  // namespace

void ProminenceHistogram::add(double db) {
  const double place = std::clamp((db - kLowest_db) / kStep_db, 0.0, kSteps - 1.0);
  ++counts_[static_cast<std::size_t>(place)];
  ++total_;
}

double ProminenceHistogram::percentile(double share) const {
  const double wanted = share * static_cast<double>(total_);
  double below = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double here = counts_[static_cast<std::size_t>(i)];
    if (here > 0 && below + here >= wanted) return kLowest_db + kStep_db * (i + (wanted - below) / here);
    below += here;
  }
  return kLowest_db;
}

double ProminenceHistogram::share_above(double db) const {
  const double place = std::clamp((db - kLowest_db) / kStep_db, 0.0, kSteps - 1.0);
  const auto at = static_cast<std::size_t>(place);
  double above = (1 - (place - static_cast<double>(at))) * counts_[at];
  for (std::size_t i = at + 1; i < counts_.size(); ++i) above += counts_[i];
  return total_ > 0 ? above / static_cast<double>(total_) : 0;
}

RidgeMeter::RidgeMeter(double from_hz, double to_hz, double sample_rate_hz, int channels, double loudness_lufs)
    : sample_rate_hz_(sample_rate_hz),
      channels_(channels),
      points_(16384 * rate_factor(sample_rate_hz)),
      hop_(points_ / 2),
      bins_(points_ / 2 + 1),
      gate_(db_to_power(std::max(kAbsoluteGate_lufs, loudness_lufs + kRelativeGate_lu) + kLoudnessOffset_db)),
      fft_(points_),
      row_of_bin_(static_cast<std::size_t>(points_)),
      stride_(points_ + (kSegmentLanes - 1) * hop_),
      held_(static_cast<std::size_t>(stride_ * std::max(channels, 0))),
      re_(static_cast<std::size_t>(points_ * kSegmentLanes)),
      im_(static_cast<std::size_t>(points_ * kSegmentLanes)),
      power_(static_cast<std::size_t>(bins_ * kSegmentLanes)),
      more_(static_cast<std::size_t>(channels > 2 ? bins_ * kSegmentLanes : 0)),
      grid_(from_hz, to_hz, sample_rate_hz / static_cast<double>(points_), bins_),
      histograms_(static_cast<std::size_t>(grid_.size())) {
  if (channels < 1) throw std::invalid_argument("a spectrum needs a channel");
  for (std::size_t r = 0; r < fft_.bin_of_row().size(); ++r)
    row_of_bin_[static_cast<std::size_t>(fft_.bin_of_row()[r])] = static_cast<std::int32_t>(r);
  double window_power = 0;
  for (std::int64_t n = 0; n < points_; ++n) {
    const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(points_));
    window_.push_back(static_cast<float>(w));
    window_power += w * w;
  }
  const auto sections = k_weighting(sample_rate_hz);
  for (std::int64_t k = 0; k < bins_; ++k) {
    const double f = static_cast<double>(k) * bin_hz();
    const double h = magnitude(sections[0], f, sample_rate_hz) * magnitude(sections[1], f, sample_rate_hz);
    // Bins between 0 and half the rate stand for both signs of their frequency.
    const double sides = k == 0 || k + 1 == bins_ ? 1 : 2;
    weights_.push_back(static_cast<float>(h * h * sides / (static_cast<double>(points_) * window_power)));
  }
}

void RidgeMeter::take(AudioView frames) {
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

void RidgeMeter::finish() {
  const std::int64_t whole = filled_ < points_ ? 0 : (filled_ - points_) / hop_ + 1;
  if (whole == 0) return;
  for (int c = 0; c < channels_; ++c)
    std::fill(held_.data() + c * stride_ + filled_, held_.data() + (c + 1) * stride_, 0.0f);
  transform(whole);
}

// The first `segments` of the 16 that are held.
void RidgeMeter::transform(std::int64_t segments) {
  const LongTermKernels& kernels = long_term_kernels();
  for (int c = 0; c < channels_; c += 2) {
    const float* a = held_.data() + c * stride_;
    kernels.arrange(a, c + 1 < channels_ ? a + stride_ : nullptr, false, hop_, window_.data(), points_, re_.data(),
                    im_.data());
    fft_.forward(re_.data(), im_.data());
    kernels.powers(re_.data(), im_.data(), row_of_bin_.data(), points_, c == 0 ? power_.data() : more_.data(), nullptr);
    if (c > 0) {
      for (std::size_t i = 0; i < more_.size(); ++i) power_[i] += more_[i];
    }
  }
  alignas(64) float weighted[kSegmentLanes] = {};
  kernels.weigh(power_.data(), weights_.data(), bins_, weighted);
  for (std::int64_t lane = 0; lane < segments; ++lane) {
    if (!(static_cast<double>(weighted[lane]) >= gate_)) continue;
    ++loud_segments_;
    grid_.prominence(power_.data() + lane, kSegmentLanes, levels_, prominence_);
    for (std::size_t i = 0; i < prominence_.size(); ++i) histograms_[i].add(prominence_[i]);
  }
}

}  // namespace lathe
