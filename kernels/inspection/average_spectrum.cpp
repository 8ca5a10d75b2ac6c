#include "kernels/inspection/average_spectrum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/inspection/inspection_lanes.h"

namespace lathe {
namespace {

// Segments stand a little further apart than they are long: at 8 KiB all 16 would compete for the same lines of the
// cache.
constexpr std::int64_t kStride = AverageSpectrum::kPoints + 16;
constexpr std::int64_t kBatchFrames = kSpectrumBatch * AverageSpectrum::kPoints;
constexpr auto kRowFloats = static_cast<std::size_t>(AverageSpectrum::kPoints * kFftLanes);
constexpr int kBinsABand = kRowsABand / 2;
constexpr int kBands = static_cast<int>(AverageSpectrum::kPoints) / kRowsABand;
static_assert(kFftLanes == kInspectionLanes);

// Rows of a transform that hold the bins of each band, at frequencies k and -k.
std::vector<std::int32_t> rows_of_bands(const std::vector<std::int32_t>& bin_of_row) {
  std::vector<std::int32_t> row_of_bin(bin_of_row.size()), rows;
  for (std::size_t r = 0; r < bin_of_row.size(); ++r)
    row_of_bin[static_cast<std::size_t>(bin_of_row[r])] = static_cast<std::int32_t>(r);
  for (std::size_t k = 0; k < kBands * kBinsABand; ++k) {
    rows.push_back(row_of_bin[k]);
    rows.push_back(row_of_bin[k == 0 ? 0 : bin_of_row.size() - k]);
  }
  return rows;
}

}  // namespace

AverageSpectrum::AverageSpectrum(double sample_rate_hz, int channels)
    : sample_rate_hz_(sample_rate_hz),
      channels_(channels),
      fft_(kPoints),
      held_(static_cast<std::size_t>(kSpectrumBatch * kStride * channels)),
      re_(kRowFloats),
      im_(kRowFloats),
      rows_(static_cast<std::size_t>(channels), std::vector<double>(kPoints, 0.0)),
      rows_of_band_(rows_of_bands(fft_.bin_of_row())),
      bands_(static_cast<std::size_t>(kBands * kInspectionLanes)),
      walls_(kBinsABand * sample_rate_hz / kPoints, kBands) {
  for (std::int64_t n = 0; n < kPoints; ++n) {
    const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(n) + 0.5) / kPoints);
    window_.push_back(static_cast<float>(w));
    window_power_ += w * w;
  }
}

void AverageSpectrum::take(AudioView frames) {
  for (std::int64_t used = 0; used < frames.frames;) {
    const std::int64_t segment = filled_ / kPoints, at = filled_ % kPoints;
    const std::int64_t n = std::min(frames.frames - used, kPoints - at);
    for (int c = 0; c < channels_; ++c)
      copy_samples(frames.channel(c) + used, n, held_.data() + (c * kSpectrumBatch + segment) * kStride + at);
    used += n;
    filled_ += n;
    if (filled_ == kBatchFrames) transform();
  }
}

// Adds the powers of the segments that are held whole.
void AverageSpectrum::transform() {
  const std::int64_t whole = filled_ / kPoints;
  std::fill_n(bands_.data(), bands_.size(), 0.0f);
  for (int c = 0; c < channels_ && whole > 0; ++c) {
    float* segments = held_.data() + c * kSpectrumBatch * kStride;
    std::fill(segments + whole * kStride, segments + kSpectrumBatch * kStride, 0.0f);
    inspection_kernels().arrange(segments, kStride, window_.data(), kPoints, re_.data(), im_.data());
    fft_.forward(re_.data(), im_.data());
    inspection_kernels().add_powers(re_.data(), im_.data(), kPoints, rows_[static_cast<std::size_t>(c)].data());
    inspection_kernels().add_bands(re_.data(), im_.data(), rows_of_band_.data(), kBands, bands_.data());
  }
  look_for_walls(whole / 2);
  segments_ += whole;
  filled_ = 0;
}

// Each of `windows` windows is two segments of all channels.
void AverageSpectrum::look_for_walls(std::int64_t windows) {
  const double band_hz = kBinsABand * sample_rate_hz_ / kPoints;
  const auto scale = static_cast<float>(1 / (static_cast<double>(kPoints) * window_power_ * 2 * band_hz * channels_));
  for (std::size_t i = 0; i < bands_.size(); ++i) bands_[i] *= scale;
  walls_.take(bands_.data(), static_cast<int>(windows));
}

Spectrum AverageSpectrum::finish() {
  transform();
  Spectrum spectrum{sample_rate_hz_ / kPoints, segments_, {}, walls_.facts()};
  if (segments_ == 0) return spectrum;
  // Parseval, and the window's share of the power.
  const double scale = 1 / (static_cast<double>(kPoints) * window_power_ * static_cast<double>(segments_));
  for (const std::vector<double>& rows : rows_) {
    std::vector<double>& bins = spectrum.powers.emplace_back(kPoints / 2 + 1, 0.0);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      // Two segments went in as one complex sequence; the power of bins k and N - k together is that of both.
      const std::int64_t k = fft_.bin_of_row()[r];
      bins[static_cast<std::size_t>(std::min(k, kPoints - k))] += scale * rows[r];
    }
  }
  return spectrum;
}

}  // namespace lathe
