#include "kernels/loudness/true_peak.h"

#include <algorithm>

namespace lathe {
namespace {

// A 4x search sees at least cos(pi / 8) of a peak (0.688 dB, BS.1770-5 Annex 2), a little less through a short filter.
constexpr float kSearchShare = 0.90f;

constexpr std::int64_t kStretch = 64;  // frames looked at together
constexpr int kStretchGroups = kStretch / kPeakGroup;

}  // namespace

void TruePeakSearch::block(AudioView audio, std::int64_t frames, const float* group_peaks) {
  const auto& kernels = interpolation_kernels();
  for (std::int64_t n = 0; n < frames; n += kStretch) {
    const std::int64_t length = std::min(kStretch, frames - n);
    const std::int64_t groups = length / kPeakGroup;
    const float* first = group_peaks + n / kPeakGroup;
    float around = 0, inside = 0;
    for (std::int64_t g = -kHaloGroups; g < groups + kHaloGroups; ++g) around = std::max(around, first[g]);
    for (std::int64_t g = 0; g < groups; ++g) inside = std::max(inside, first[g]);
    peak_ = std::max(peak_, inside);
    if (around * answer_bank().bound <= peak_) continue;
    for (int c = 0; c < audio.channels; ++c) {
      float found[kStretchGroups] = {};
      kernels.group_peaks(search_bank(), audio.channel(c) + n, length, found);
      for (std::int64_t g = 0; g < groups; g += 2) {
        if (std::max(found[g], found[g + 1]) <= peak_ * kSearchShare) continue;
        float answer[2] = {};
        kernels.group_peaks(answer_bank(), audio.channel(c) + n + g * kPeakGroup, 2 * kPeakGroup, answer);
        peak_ = std::max(peak_, std::max(answer[0], answer[1]));
      }
    }
  }
}

}  // namespace lathe
