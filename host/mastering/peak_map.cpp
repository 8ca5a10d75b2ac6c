#include "host/mastering/peak_map.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "kernels/limiter/sharp_peak.h"
#include "kernels/loudness/interpolation.h"

namespace lathe {
namespace {

constexpr std::int64_t kPair = 2;                                  // groups searched together: 16 frames
constexpr std::int64_t kHaloGroups = kSharpPeakHalo / kPeakGroup;  // that the check needs beside a group
// The meter's 16x reading is asked first. What lies above its band adds to music that is full of it, clipped masters,
// a quarter of a decibel (30 tracks driven by 12 dB): only a group that reads within 0.54 dB of the ceiling is looked
// at more sharply, and in it only frames beside a sample of half the ceiling.
constexpr float kSharpShare = 0.94f, kSharpSampleShare = 0.5f;
static_assert(kSharpPeakHalo >= kInterpolationHalo);
constexpr std::int64_t kMostGroups = 128;  // searched in one go
constexpr float kTrim = 1.00002f;          // a hair under the ceiling, so that rounding cannot bring it back over

float sharp_peak_of_group(const float* x, float ceiling) {
  float most = 0;
  for (std::int64_t n = 0; n < kPeakGroup; ++n) {
    if (std::max(std::abs(x[n]), std::abs(x[n + 1])) > ceiling * kSharpSampleShare)
      most = std::max(most, sharp_peak(x + n, ceiling * kSharpShare));
  }
  return most;
}

}  // namespace

PeakMap::PeakMap(FrameStore& store, TraceVector sample_peaks, TraceVector bends)
    : store_(store),
      sample_peaks_(std::move(sample_peaks)),
      bends_(std::move(bends)),
      peaks_(sample_peaks_.size(), 0.0f, sample_peaks_.get_allocator()),
      known_((sample_peaks_.size() + 15) / 16, 0) {
  if (bends_.size() != sample_peaks_.size()) throw std::invalid_argument("PeakMap: one bend a group is needed");
  if (bends_.empty()) return;
  // Where silence meets the first and the last sample.
  bends_.front() = std::max(bends_.front(), sample_peaks_.front());
  bends_.back() = std::max(bends_.back(), sample_peaks_.back());
}

void PeakMap::cover(double gain, double ceiling) {
  if (gain / ceiling <= covered_) return;
  covered_ = gain / ceiling;
  const auto groups = static_cast<std::int64_t>(sample_peaks_.size());
  std::vector<std::uint16_t> over((sample_peaks_.size() + 15) / 16);
  interpolation_kernels().groups_over(search_bank(), sample_peaks_.data(), bends_.data(), groups,
                                      static_cast<float>(ceiling * kNear / gain), over.data());
  std::int64_t first = 0, end = 0;  // groups to be searched
  const auto flush = [&] {
    if (first < end) search(first, std::min(groups, end));
  };
  for (std::size_t word = 0; word < over.size(); ++word) {
    std::uint32_t pairs = (over[word] | over[word] >> 1) & 0x5555u & ~std::uint32_t{known_[word]};
    known_[word] = static_cast<std::uint16_t>(known_[word] | pairs);
    for (; pairs != 0; pairs &= pairs - 1) {
      const std::int64_t group = 16 * static_cast<std::int64_t>(word) + std::countr_zero(pairs);
      if (group != end || end - first == kMostGroups) {
        flush();
        first = group;
      }
      end = group + kPair;
    }
  }
  flush();
}

void PeakMap::search(std::int64_t first_group, std::int64_t end_group) {
  const std::int64_t frames = (end_group - first_group + kPair - 1) / kPair * kPair * kPeakGroup;
  const AudioView view = store_.read(first_group * kPeakGroup - kInterpolationHalo, frames + 2 * kInterpolationHalo);
  float found[kMostGroups] = {};
  for (int c = 0; c < view.channels; ++c) {
    interpolation_kernels().group_peaks(search_bank(), view.channel(c) + kInterpolationHalo, frames, found);
  }
  for (std::int64_t g = first_group; g < end_group; ++g) {
    peaks_[static_cast<std::size_t>(g)] = std::max(peaks_[static_cast<std::size_t>(g)], found[g - first_group]);
  }
}

double PeakMap::max_peak() const { return peaks_.empty() ? 0.0 : *std::max_element(peaks_.begin(), peaks_.end()); }

std::int64_t PeakMap::raise_overs(const LimiterCurve& curve, double gain, double ceiling, bool only_near_last) {
  const std::span<const float> reduction = curve.reduction();
  const auto groups = static_cast<std::int64_t>(peaks_.size());
  std::vector<bool> near;
  if (only_near_last) {
    near.assign(peaks_.size(), false);
    for (const std::int64_t g : raised_) {
      for (std::int64_t k = std::max<std::int64_t>(0, g - 128); k < std::min(groups, g + 129); ++k)
        near[static_cast<std::size_t>(k)] = true;
    }
  }
  raised_.clear();
  constexpr std::int64_t kFrames = 2 * kPeakGroup, kSpan = kFrames + 2 * kSharpPeakHalo,
                         kSpanGroups = kSpan / kPeakGroup;
  float limited[kSpan];
  float knots[kSpanGroups + 1];
  for (std::int64_t g = 0; g < groups; g += 2) {
    float could = 0;
    for (std::int64_t k = g; k < std::min(groups, g + 2); ++k) {
      if (only_near_last && !near[static_cast<std::size_t>(k)]) continue;
      const float least = std::min(reduction[static_cast<std::size_t>(k)], reduction[static_cast<std::size_t>(k + 1)]);
      // A peak behind the last point of this group's 4x search was found in the next group.
      const float next = k + 1 < groups ? peaks_[static_cast<std::size_t>(k + 1)] : 0.0f;
      could = std::max(could, std::max(peaks_[static_cast<std::size_t>(k)], next) * (1.0f - least));
    }
    if (could * gain <= ceiling * kNear) continue;
    const AudioView view = store_.read(g * kPeakGroup - kSharpPeakHalo, kSpan);
    for (std::int64_t k = 0; k <= kSpanGroups; ++k) {
      knots[k] = reduction[static_cast<std::size_t>(std::clamp<std::int64_t>(g - kHaloGroups + k, 0, groups))];
    }
    float answer[2] = {};
    for (int c = 0; c < view.channels; ++c) {
      apply_limited_gain(view.channel(c), kSpan, gain, knots, limited);
      const float* at = limited + kSharpPeakHalo;
      float reading[2] = {};
      interpolation_kernels().group_peaks(answer_bank(), at, kFrames, reading);
      for (int k = 0; k < 2; ++k) {
        if (reading[k] > static_cast<float>(ceiling) * kSharpShare)
          reading[k] = std::max(reading[k], sharp_peak_of_group(at + k * kPeakGroup, static_cast<float>(ceiling)));
        answer[k] = std::max(answer[k], reading[k]);
      }
    }
    for (std::int64_t k = g; k < std::min(groups, g + 2); ++k) {
      const float peak = answer[k - g];
      if (peak <= static_cast<float>(ceiling)) continue;
      const float most = std::max(reduction[static_cast<std::size_t>(k)], reduction[static_cast<std::size_t>(k + 1)]);
      const auto at_unity = static_cast<float>(peak / (gain * (1.0 - most))) * kTrim;
      peaks_[static_cast<std::size_t>(k)] = std::max(peaks_[static_cast<std::size_t>(k)] * kTrim, at_unity);
      raised_.push_back(k);
    }
  }
  return static_cast<std::int64_t>(raised_.size());
}

}  // namespace lathe
