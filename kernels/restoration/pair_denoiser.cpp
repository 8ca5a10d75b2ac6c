#include "kernels/restoration/pair_denoiser.h"

#include <algorithm>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

const DenoiseKernels& kernels() {
  return pick_level(sse2::denoise_kernels, avx2::denoise_kernels, avx512::denoise_kernels);
}

}  // namespace

PairDenoiser::PairDenoiser(const DenoiseTransform& transform, const PairWeights& weights, const HissGain& form)
    : transform_(&transform), weights_(&weights), form_(form) {
  const auto bins = static_cast<std::size_t>(transform.bins());
  const auto spectrum = static_cast<std::size_t>(transform.points() * kFftLanes);
  for (int c = 0; c < 2; ++c) {
    re_[c] = AlignedArray<float>(spectrum);
    im_[c] = AlignedArray<float>(spectrum);
    plane_[c] = AlignedArray<float>((bins + 2 * kDenoiseHalo) * kDenoiseRow);
    gain_[c] = AlignedArray<float>(bins * kDenoiseRow);
    removed_[c] = AlignedArray<float>(static_cast<std::size_t>(transform.span(transform.hop())));
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
