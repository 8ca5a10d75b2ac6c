#include "kernels/restoration/denoise_transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/restoration/denoise_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

const DenoiseKernels& kernels() {
  return pick_level(sse2::denoise_kernels, avx2::denoise_kernels, avx512::denoise_kernels);
}

std::int64_t points_for(double sample_rate_hz, std::int64_t points_at_44100) {
  const double wanted = static_cast<double>(points_at_44100) * sample_rate_hz / 44100;
  return std::int64_t{1} << std::max(6, static_cast<int>(std::lround(std::log2(wanted))));
}

}  // namespace

DenoiseTransform::DenoiseTransform(double sample_rate_hz, std::int64_t points_at_44100, std::int64_t hops_in_window)
    : fft_(points_for(sample_rate_hz, points_at_44100)),
      hop_(fft_.rows() / hops_in_window),
      window_(static_cast<std::size_t>(fft_.rows())),
      synthesis_window_(window_.size()),
      survey_window_(window_.size()),
      row_of_bin_(window_.size()) {
  for (std::size_t n = 0; n < window_.size(); ++n) {
    const double sine = std::sin(std::numbers::pi * static_cast<double>(n) / static_cast<double>(points()));
    window_[n] = static_cast<float>(sine);
    synthesis_window_[n] = static_cast<float>(sine * 2 / static_cast<double>(hops_in_window * points()));
    survey_window_[n] = static_cast<float>(sine * sine);
  }
  const auto& bins = fft_.bin_of_row();
  for (std::size_t row = 0; row < bins.size(); ++row)
    row_of_bin_[static_cast<std::size_t>(bins[row])] = static_cast<std::int32_t>(row);
}

void DenoiseTransform::analyse(const float* a, const float* b, std::int64_t step, const float* window, float* re,
                               float* im) const {
  kernels().gather(a, step, points(), window, re);
  if (b != nullptr) {
    kernels().gather(b, step, points(), window, im);
  } else {
    std::fill_n(im, points() * kFftLanes, 0.0f);
  }
  fft_.forward(re, im);
}

void DenoiseTransform::synthesise(float* re, float* im, float* a, float* b) const {
  fft_.inverse(re, im);
  kernels().scatter(re, hop_, points(), synthesis_window(), a);
  if (b != nullptr) kernels().scatter(im, hop_, points(), synthesis_window(), b);
}

}  // namespace lathe
