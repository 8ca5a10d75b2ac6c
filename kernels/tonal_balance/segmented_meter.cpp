#include "kernels/tonal_balance/segmented_meter.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "kernels/math/k_weighting.h"
#include "kernels/tonal_balance/long_term_lanes.h"

namespace lathe {

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

SegmentedMeter::SegmentedMeter(std::int64_t points, int channels, bool has_side)
    : channels_(channels),
      has_side_(has_side),
      points_(points),
      hop_(points_ / 2),
      bins_(points_ / 2 + 1),
      fft_(points_),
      row_of_bin_(static_cast<std::size_t>(points_)),
      stride_(points_ + (kSegmentLanes - 1) * hop_),
      held_(static_cast<std::size_t>(stride_ * std::max(channels, 0))),
      re_(static_cast<std::size_t>(points_ * kSegmentLanes)),
      im_(static_cast<std::size_t>(points_ * kSegmentLanes)),
      power_(static_cast<std::size_t>(bins_ * kSegmentLanes)),
      more_(static_cast<std::size_t>(has_side || channels > 2 ? bins_ * kSegmentLanes : 0)) {
  if (channels < 1) throw std::invalid_argument("a spectrum needs a channel");
  for (std::size_t r = 0; r < fft_.bin_of_row().size(); ++r)
    row_of_bin_[static_cast<std::size_t>(fft_.bin_of_row()[r])] = static_cast<std::int32_t>(r);
  for (std::int64_t n = 0; n < points_; ++n) {
    const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(points_));
    window_.push_back(static_cast<float>(w));
    window_power_ += w * w;
  }
}

void SegmentedMeter::take(AudioView frames) {
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

void SegmentedMeter::finish() {
  const std::int64_t whole = filled_ < points_ ? 0 : (filled_ - points_) / hop_ + 1;
  if (whole == 0) return;
  for (int c = 0; c < channels_; ++c)
    std::fill(held_.data() + c * stride_ + filled_, held_.data() + (c + 1) * stride_, 0.0f);
  transform(whole);
}

void SegmentedMeter::transform(std::int64_t segments) {
  const LongTermKernels& kernels = long_term_kernels();
  for (int c = 0; c < channels_; c += 2) {
    const float* a = held_.data() + c * stride_;
    kernels.arrange(a, c + 1 < channels_ ? a + stride_ : nullptr, has_side_, hop_, window_.data(), points_, re_.data(),
                    im_.data());
    fft_.forward(re_.data(), im_.data());
    kernels.powers(re_.data(), im_.data(), row_of_bin_.data(), points_, c == 0 ? power_.data() : more_.data(),
                   has_side_ ? more_.data() : nullptr);
    if (c > 0) {
      for (std::size_t i = 0; i < more_.size(); ++i) power_[i] += more_[i];
    }
  }
  use(segments);
}

}  // namespace lathe
