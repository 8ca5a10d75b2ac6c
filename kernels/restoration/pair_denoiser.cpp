#include "kernels/restoration/pair_denoiser.h"

#include <algorithm>
#include <cmath>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

const DenoiseKernels& kernels() {
  return pick_level(sse2::denoise_kernels, avx2::denoise_kernels, avx512::denoise_kernels);
}

// Far below what 24 bits hold: where there is no noise, nothing is weighed down.
constexpr double kLeastPower = 1e-24;
// Of the noise, in a turned channel where both channels' cancels out.
constexpr double kLeastShare = 1e-3;

}  // namespace

PairDenoiser::PairDenoiser(const DenoiseTransform& transform, const PairNoise& noise, const std::vector<double>& share,
                           const HissGain& form)
    : transform_(&transform), form_(form) {
  const auto bins = static_cast<std::size_t>(transform.bins());
  const auto spectrum = static_cast<std::size_t>(transform.points() * kFftLanes);
  const auto is_weighed = [](double s) { return s > 0; };
  first_bin_ = std::find_if(share.begin(), share.end(), is_weighed) - share.begin();
  last_bin_ = share.rend() - std::find_if(share.rbegin(), share.rend(), is_weighed);
  share_ = AlignedArray<float>(bins);
  for (std::size_t k = 0; k < bins; ++k) share_[k] = static_cast<float>(share[k]);
  cos_ = AlignedArray<float>(bins);
  sin_ = AlignedArray<float>(bins);
  for (int c = 0; c < 2; ++c) {
    white_[c] = AlignedArray<float>(bins);
    scale_[c] = AlignedArray<float>(bins);
    re_[c] = AlignedArray<float>(spectrum);
    im_[c] = AlignedArray<float>(spectrum);
    plane_[c] = AlignedArray<float>((bins + 2 * kDenoiseHalo) * kDenoiseRow);
    gain_[c] = AlignedArray<float>(bins * kDenoiseRow);
    removed_[c] = AlignedArray<float>(static_cast<std::size_t>(transform.span(transform.hop())));
    for (std::size_t k = 0; k < bins; ++k) {
      const double power = std::max(noise.power[c][k], kLeastPower) * transform.window_power();
      white_[c][k] = static_cast<float>(1 / std::sqrt(power));
    }
  }
  for (std::size_t k = 0; k < bins; ++k) {
    cos_[k] = static_cast<float>(std::cos(noise.angle[k]));
    sin_[k] = static_cast<float>(std::sin(noise.angle[k]));
    const double shared = noise.correlation * std::sin(2 * noise.angle[k]);
    scale_[0][k] = static_cast<float>(1 / std::max(1 + shared, kLeastShare));
    scale_[1][k] = static_cast<float>(1 / std::max(1 - shared, kLeastShare));
  }
}

void PairDenoiser::push(const float* a, const float* b) {
  const int now = slot_, before = 1 - slot_;
  slot_ = before;
  const std::int64_t hop = transform_->hop();
  transform_->analyse(a, b, hop, transform_->window(), re_[now].data(), im_[now].data());
  kernels().powers(re_[now].data(), im_[now].data(), bins(), turn(), plane_[0].data(), plane_[1].data());
  kernels().gains(plane_[0].data(), plane_[1].data(), bins(), form_, gain_[0].data(), gain_[1].data());
  if (is_first_) {
    is_first_ = false;
    return;
  }
  kernels().take_away(re_[before].data(), im_[before].data(), bins(), turn(), gain_[0].data(), gain_[1].data());
  const std::int64_t done = 16 * hop, rest = transform_->span(hop) - done;
  for (auto& removed : removed_) {
    std::copy_n(removed.data() + done, rest, removed.data());
    std::fill_n(removed.data() + rest, done, 0.0f);
  }
  transform_->synthesise(re_[before].data(), im_[before].data(), removed_[0].data(),
                         b == nullptr ? nullptr : removed_[1].data());
}

}  // namespace lathe
