#include "kernels/tonal_balance/ridge_meter.h"

#include <algorithm>
#include <cmath>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/math/decibel.h"
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
    : SegmentedMeter(16384 * rate_factor(sample_rate_hz), channels, false),
      sample_rate_hz_(sample_rate_hz),
      gate_(db_to_power(std::max(kAbsoluteGate_lufs, loudness_lufs + kRelativeGate_lu) + kLoudnessOffset_db)),
      grid_(from_hz, to_hz, sample_rate_hz / static_cast<double>(points()), bins()),
      histograms_(static_cast<std::size_t>(grid_.size())) {
  const std::vector<double> weights = k_weights(sample_rate_hz, static_cast<std::size_t>(bins()), bin_hz());
  for (std::size_t k = 0; k < weights.size(); ++k) {
    weights_.push_back(static_cast<float>(weights[k] * sides_of(k, weights.size()) /
                                          (static_cast<double>(points()) * window_power())));
  }
}

void RidgeMeter::use(std::int64_t segments) {
  const LongTermKernels& kernels = long_term_kernels();
  alignas(64) float weighted[kSegmentLanes] = {};
  kernels.weigh(power(), weights_.data(), bins(), weighted);
  for (std::int64_t lane = 0; lane < segments; ++lane) {
    if (!(static_cast<double>(weighted[lane]) >= gate_)) continue;
    ++loud_segments_;
    grid_.prominence(power() + lane, kSegmentLanes, levels_, prominence_);
    for (std::size_t i = 0; i < prominence_.size(); ++i) histograms_[i].add(prominence_[i]);
  }
}

}  // namespace lathe
