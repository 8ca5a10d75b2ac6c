#include "kernels/loudness/true_peak.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lathe {
namespace {

static_assert(kInterpolationHalo == kPeakStretch, "the neighbours of a stretch are all that its bounds ask for");

// max |x[j-1] - 2 x[j] + x[j+1]| for j in [first, end).
float bend_of(const float* x, std::int64_t first, std::int64_t end) {
  float most = 0;
  for (std::int64_t j = first; j < end; ++j) most = std::max(most, std::abs((x[j - 1] - x[j]) + (x[j + 1] - x[j])));
  return most;
}

float highest_of(const float* x, std::int64_t first, std::int64_t end) {
  float most = 0;
  for (std::int64_t j = first; j < end; ++j) most = std::max(most, std::abs(x[j]));
  return most;
}

}  // namespace

void TruePeakSearch::raise(float peak, std::int64_t frame) {
  if (peak <= peak_) return;
  peak_ = peak;
  peak_frame_ = frame;
}

float TruePeakSearch::block(AudioView audio, std::int64_t frames, std::int64_t first) {
  const auto& kernels = interpolation_kernels();
  float highest = 0;
  for (int c = 0; c < audio.channels; ++c) {
    const float* x = audio.channel(c);
    const float inside = kernels.highest(x, frames);
    const float beside = std::max(kernels.highest(x - kInterpolationHalo, kInterpolationHalo),
                                  kernels.highest(x + frames, kInterpolationHalo));
    highest = std::max(highest, inside);
    if (inside > peak_) {
      const float* at = std::find_if(x, x + frames, [inside](float v) { return std::abs(v) == inside; });
      raise(inside, first + (at - x));
    }
    if (std::max(inside, beside) * answer_bank().bound > peak_) channel(x, frames, first);
  }
  return highest;
}

void TruePeakSearch::channel(const float* x, std::int64_t frames, std::int64_t first_frame) {
  const auto& kernels = interpolation_kernels();
  const InterpolationBank &quick = quick_bank(), &answer = answer_bank();
  // Stretches stand from the block's beginning; what is left at its end is one more, cut short. Entry 0 and the last
  // are the halo: of its outermost frames no second difference can be formed, and none is needed (64 taps reach 31 and
  // 32).
  const std::int64_t whole = frames / kPeakStretch, left = frames - whole * kPeakStretch;
  const std::int64_t stretches = whole + (left > 0), last = stretches + 1;
  highest_.resize(static_cast<std::size_t>(stretches + 2));
  bend_.resize(highest_.size());
  highest_[0] = highest_of(x, -kInterpolationHalo, 0);
  bend_[0] = bend_of(x, 1 - kInterpolationHalo, 0);
  kernels.stretch_bounds(x, whole, highest_.data() + 1, bend_.data() + 1);
  if (left > 0) {
    highest_[static_cast<std::size_t>(stretches)] = highest_of(x, whole * kPeakStretch, frames);
    bend_[static_cast<std::size_t>(stretches)] = bend_of(x, whole * kPeakStretch, frames);
  }
  highest_[static_cast<std::size_t>(last)] = highest_of(x, frames, frames + kInterpolationHalo);
  bend_[static_cast<std::size_t>(last)] = bend_of(x, frames, frames + kInterpolationHalo - 1);
  for (std::int64_t s = 0; s < stretches; ++s) {
    // A stretch before a cut one reaches 32 frames on: into the halo behind it.
    const bool near_end = left > 0 && s + 2 == stretches;
    const float* high = highest_.data() + s;
    const float* bend = bend_.data() + s;
    const float around = std::max({high[0], high[1], high[2], near_end ? high[3] : 0.0f});
    if (around * answer.bound <= peak_) continue;
    const float* first = x + s * kPeakStretch;
    const float bent = std::max({bend[0], bend[1], bend[2], near_end ? bend[3] : 0.0f});
    const float inside = std::max(high[1], std::abs(first[kPeakStretch]));
    if (inside + bent * answer.bend_bound + around * answer.slope_bound <= peak_) continue;
    std::uint32_t places = kernels.places_over(quick, first, peak_);
    if (s == whole) places &= (1u << left) - 1;
    for (; places != 0; places &= places - 1) {
      const int place = std::countr_zero(places);
      raise(kernels.peak_at(answer, first + place), first_frame + s * kPeakStretch + place);
    }
  }
}

}  // namespace lathe
