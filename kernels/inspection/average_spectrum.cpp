#include "kernels/inspection/average_spectrum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/fft/lane_fft.h"
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

// The same for every track: making them takes as long as a second of music.
struct Tables {
  LaneFft fft{AverageSpectrum::kPoints};
  std::vector<float> window;
  double window_power = 0;
  std::vector<std::int32_t> rows_of_band = rows_of_bands(fft.bin_of_row());  // kRowsABand each

  Tables() {
    for (std::int64_t n = 0; n < AverageSpectrum::kPoints; ++n) {
      const double turn = (static_cast<double>(n) + 0.5) / AverageSpectrum::kPoints;
      const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * turn);
      window.push_back(static_cast<float>(w));
      window_power += w * w;
    }
  }
};

const Tables& tables() {
  static const Tables made;
  return made;
}

}  // namespace

void AverageSpectrum::Workspace::fit(int channels) {
  const auto needed = static_cast<std::size_t>(kSpectrumBatch * kStride * channels);
  if (held.size() < needed) held = AlignedArray<float>(needed);
  if (re.size() < kRowFloats) re = AlignedArray<float>(kRowFloats);
  if (im.size() < kRowFloats) im = AlignedArray<float>(kRowFloats);
}

AverageSpectrum::AverageSpectrum(double sample_rate_hz, int channels, Workspace* workspace)
    : sample_rate_hz_(sample_rate_hz),
      channels_(channels),
      space_(workspace != nullptr ? *workspace : own_),
      rows_(static_cast<std::size_t>(channels), std::vector<double>(kPoints, 0.0)),
      bands_(static_cast<std::size_t>(kBands * kInspectionLanes)),
      walls_(kBinsABand * sample_rate_hz / kPoints, kBands) {
  space_.fit(channels);
}

void AverageSpectrum::take(AudioView frames) {
  for (std::int64_t used = 0; used < frames.frames;) {
    const std::int64_t segment = filled_ / kPoints, at = filled_ % kPoints;
    const std::int64_t n = std::min(frames.frames - used, kPoints - at);
    for (int c = 0; c < channels_; ++c)
      copy_samples(frames.channel(c) + used, n, space_.held.data() + (c * kSpectrumBatch + segment) * kStride + at);
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
    float* segments = space_.held.data() + c * kSpectrumBatch * kStride;
    std::fill(segments + whole * kStride, segments + kSpectrumBatch * kStride, 0.0f);
    inspection_kernels().arrange(segments, kStride, tables().window.data(), kPoints, space_.re.data(),
                                 space_.im.data());
    tables().fft.forward(space_.re.data(), space_.im.data());
    inspection_kernels().add_powers(space_.re.data(), space_.im.data(), kPoints,
                                    rows_[static_cast<std::size_t>(c)].data());
    inspection_kernels().add_bands(space_.re.data(), space_.im.data(), tables().rows_of_band.data(), kBands,
                                   bands_.data());
  }
  look_for_walls(whole / 2);
  segments_ += whole;
  filled_ = 0;
}

// Each of `windows` windows is two segments of all channels.
void AverageSpectrum::look_for_walls(std::int64_t windows) {
  const double band_hz = kBinsABand * sample_rate_hz_ / kPoints;
  const auto scale =
      static_cast<float>(1 / (static_cast<double>(kPoints) * tables().window_power * 2 * band_hz * channels_));
  for (std::size_t i = 0; i < bands_.size(); ++i) bands_[i] *= scale;
  walls_.take(bands_.data(), static_cast<int>(windows));
}

Spectrum AverageSpectrum::finish() {
  transform();
  Spectrum spectrum{sample_rate_hz_ / kPoints, segments_, {}, walls_.facts()};
  if (segments_ == 0) return spectrum;
  // Parseval, and the window's share of the power.
  const double scale = 1 / (static_cast<double>(kPoints) * tables().window_power * static_cast<double>(segments_));
  for (const std::vector<double>& rows : rows_) {
    std::vector<double>& bins = spectrum.powers.emplace_back(kPoints / 2 + 1, 0.0);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      // Two segments went in as one complex sequence; the power of bins k and N - k together is that of both.
      const std::int64_t k = tables().fft.bin_of_row()[r];
      bins[static_cast<std::size_t>(std::min(k, kPoints - k))] += scale * rows[r];
    }
  }
  return spectrum;
}

}  // namespace lathe
