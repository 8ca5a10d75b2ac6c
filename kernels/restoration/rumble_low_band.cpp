#include "kernels/restoration/rumble_low_band.h"

#include <algorithm>

#include "kernels/aligned.h"
#include "kernels/math/kaiser.h"

namespace lathe {
namespace {

constexpr double kLeastRate_hz = 344;
constexpr std::int64_t kHalfTaps = 6;  // times the factor
constexpr double kCutoff = 0.455;      // of the low rate: passes 0.27, stops 0.64
constexpr double kBeta = 7.0;          // Kaiser: 70 dB
constexpr std::int64_t kReach = 2 * kHalfTaps + 1;
constexpr std::int64_t kLowBlock = 64;  // low samples a read
constexpr std::int64_t kBlock = 1 << 14;

// Four sums, so that one addition needn't wait for the last.
double dot(const float* x, const double* taps, std::int64_t count) {
  double sums[4] = {};
  std::int64_t n = 0;
  for (; n + 4 <= count; n += 4) {
    for (int i = 0; i < 4; ++i) sums[i] += static_cast<double>(x[n + i]) * taps[n + i];
  }
  for (; n < count; ++n) sums[0] += static_cast<double>(x[n]) * taps[n];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

RumbleLowBand::RumbleLowBand(TrackReader& track, double sample_rate_hz)
    : factor_(std::max<std::int64_t>(1, static_cast<std::int64_t>(sample_rate_hz / kLeastRate_hz))),
      rate_hz_(sample_rate_hz / static_cast<double>(factor_)),
      frames_((track.frames() + factor_ - 1) / factor_),
      taps_(kaiser_low_pass(kCutoff / static_cast<double>(factor_), kHalfTaps * factor_, kBeta)),
      phases_(static_cast<std::size_t>(factor_ * kReach), 0.0),
      rows_(static_cast<std::size_t>(track.channels()), std::vector<double>(static_cast<std::size_t>(frames_))) {
  const std::int64_t half = kHalfTaps * factor_;
  for (std::int64_t p = 0; p < factor_; ++p) {
    for (std::int64_t k = 0; k < kReach; ++k) {
      const std::int64_t at = p - (k - kHalfTaps) * factor_;
      if (at >= -half && at <= half)
        phases_[static_cast<std::size_t>(p * kReach + k)] =
            static_cast<double>(factor_) * taps_[static_cast<std::size_t>(at + half)];
    }
  }
  for (std::int64_t i = 0; i < frames_; i += kLowBlock) {
    const std::int64_t count = std::min(kLowBlock, frames_ - i);
    const AudioView in = track.read(i * factor_ - half, (count - 1) * factor_ + 2 * half + 1);
    for (int c = 0; c < track.channels(); ++c) {
      const float* x = in.channel(c);
      double* low = rows_[static_cast<std::size_t>(c)].data() + i;
      for (std::int64_t j = 0; j < count; ++j) low[j] = dot(x + j * factor_, taps_.data(), 2 * half + 1);
      double square = 0;
      for (std::int64_t n = half; n < half + count * factor_; ++n)
        square += static_cast<double>(x[n]) * static_cast<double>(x[n]);
      track_power_ += square;
    }
  }
  track_power_ /= std::max(1.0, static_cast<double>(track.frames()) * track.channels());
}

double RumbleLowBand::interpolated(const std::vector<double>& row, std::int64_t frame) const {
  const std::int64_t i = frame / factor_, first = i - kHalfTaps;
  const double* taps = phases_.data() + (frame % factor_) * kReach;
  const std::int64_t from = std::max<std::int64_t>(0, -first), to = std::min(kReach, frames_ - first);
  double sum = 0;
  for (std::int64_t k = from; k < to; ++k) sum += taps[k] * row[static_cast<std::size_t>(first + k)];
  return sum;
}

RumbleLowBand::Subtraction RumbleLowBand::subtract(TrackReader& track, const std::vector<std::vector<double>>& taken,
                                                   AudioSink& out) const {
  Subtraction done;
  const int channels = track.channels();
  AlignedArray<float> left(static_cast<std::size_t>(kBlock * channels));
  double removed = 0;
  for (std::int64_t first = 0; first < track.frames(); first += kBlock) {
    const std::int64_t count = std::min(kBlock, track.frames() - first);
    const AudioView in = track.read(first, count);
    for (int c = 0; c < channels; ++c) {
      const std::vector<double>& row = taken[static_cast<std::size_t>(c)];
      const float* x = in.channel(c);
      float* y = left.data() + c * kBlock;
      std::copy_n(x, count, y);
      if (row.empty()) continue;
      for (std::int64_t n = 0; n < count; ++n) {
        const double v = interpolated(row, first + n);
        y[n] = static_cast<float>(static_cast<double>(x[n]) - v);
        removed += v * v;
        done.samples_changed += y[n] != x[n] ? 1 : 0;
      }
    }
    out.take(AudioView{left.data(), channels, count, kBlock});
  }
  out.finish();
  done.removed_power = removed / std::max(1.0, static_cast<double>(track.frames()) * channels);
  return done;
}

}  // namespace lathe
