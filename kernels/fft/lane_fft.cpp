#include "kernels/fft/lane_fft.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

const LaneFftKernels& kernels() {
  return pick_level(sse2::lane_fft_kernels, avx2::lane_fft_kernels, avx512::lane_fft_kernels);
}

// Part p of a radix-4 step holds the frequencies k = p modulo 4.
void fill_bins(std::int32_t* bins, std::int64_t n, std::int64_t step, std::int64_t first) {
  if (n >= 4) {
    for (int part = 0; part < 4; ++part) fill_bins(bins + part * (n / 4), n / 4, step * 4, first + part * step);
  } else {
    for (std::int64_t r = 0; r < n; ++r) bins[r] = static_cast<std::int32_t>(first + r * step);
  }
}

// Rows of 16 cosines and 16 sines of -2 pi * l * (r * scale) / points.
AlignedArray<float> cross_lane_twiddles(std::int64_t rows, std::int64_t scale, std::int64_t points) {
  AlignedArray<float> table(static_cast<std::size_t>(rows) * 2 * kFftLanes);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (int l = 0; l < kFftLanes; ++l) {
      const double turn = static_cast<double>((r * scale * l) % points) / static_cast<double>(points);
      const auto at = static_cast<std::size_t>(r * 2 * kFftLanes + l);
      table[at] = static_cast<float>(std::cos(-kTwoPi * turn));
      table[at + kFftLanes] = static_cast<float>(std::sin(-kTwoPi * turn));
    }
  }
  return table;
}

}  // namespace

LaneFft::LaneFft(std::int64_t rows) : rows_(rows) {
  if (rows < 16 || rows > (std::int64_t{1} << 20) || (rows & (rows - 1)) != 0) {
    throw std::invalid_argument("LaneFft: " + std::to_string(rows) + " rows; a power of two from 16 to 2^20 is needed");
  }
  std::size_t floats = 0;
  for (std::int64_t n = rows; n >= 4; n /= 4) floats += static_cast<std::size_t>(n / 4 * 6);
  twiddles_ = AlignedArray<float>(floats);
  std::size_t at = 0;
  for (std::int64_t n = rows; n >= 4; n /= 4) {
    for (std::int64_t j = 0; j < n / 4; ++j) {
      for (int power = 1; power <= 3; ++power) {
        const double turn = static_cast<double>(power * j) / static_cast<double>(n);
        twiddles_[at++] = static_cast<float>(std::cos(-kTwoPi * turn));
        twiddles_[at++] = static_cast<float>(std::sin(-kTwoPi * turn));
      }
    }
  }
  bin_of_row_.resize(static_cast<std::size_t>(rows));
  fill_bins(bin_of_row_.data(), rows, 1, 0);
}

void LaneFft::forward(float* re, float* im) const { kernels().forward(tables(), re, im); }

void LaneFft::inverse(float* re, float* im) const { kernels().inverse(tables(), re, im); }

LongFft::LongFft(std::int64_t points)
    : lane_(points / kFftLanes),
      twiddle_low_(cross_lane_twiddles(64, 1, points)),
      twiddle_high_(cross_lane_twiddles((points / kFftLanes + 63) / 64, 64, points)) {}

AlignedArray<float> LongFft::arrange(const std::vector<double>& response) const {
  const std::int64_t n = points();
  if (static_cast<std::int64_t>(response.size()) != n) {
    throw std::invalid_argument("LongFft: the response has " + std::to_string(response.size()) + " bins, not " +
                                std::to_string(n));
  }
  AlignedArray<float> arranged(response.size());
  const auto& bins = lane_.bin_of_row();
  for (std::int64_t row = 0; row < lane_.rows(); ++row) {
    for (int l = 0; l < kFftLanes; ++l) {
      const std::int64_t across = l / 4 + 4 * (l % 4);  // the order of the 16-point transform in the lane file
      const std::int64_t bin = bins[static_cast<std::size_t>(row)] + lane_.rows() * across;
      const std::int64_t at = row / kFftLanes * kFftLanes * kFftLanes + l * kFftLanes + row % kFftLanes;
      arranged[static_cast<std::size_t>(at)] =
          static_cast<float>(response[static_cast<std::size_t>(bin)] / static_cast<double>(n));
    }
  }
  return arranged;
}

void LongFft::filter(const AlignedArray<float>& arranged, const float* from_re, const float* from_im, float* re,
                     float* im) const {
  kernels().filter(tables(), arranged.data(), from_re, from_im, re, im);
}

void LongFft::analyse(const float* from_re, const float* from_im, float* re, float* im, float* spectrum_re,
                      float* spectrum_im) const {
  kernels().analyse(tables(), from_re, from_im, re, im, spectrum_re, spectrum_im);
}

void LongFft::synthesise(const AlignedArray<float>& arranged, const float* spectrum_re, const float* spectrum_im,
                         float* re, float* im) const {
  kernels().synthesise(tables(), arranged.data(), spectrum_re, spectrum_im, re, im);
}

void LongFft::filter(const AlignedArray<float>& arranged_re, const AlignedArray<float>& arranged_im,
                     const float* from_re, const float* from_im, float* re, float* im) const {
  kernels().filter_complex(tables(), arranged_re.data(), arranged_im.data(), from_re, from_im, re, im);
}

}  // namespace lathe
