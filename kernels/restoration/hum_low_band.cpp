#include "kernels/restoration/hum_low_band.h"

#include <algorithm>

#include "kernels/math/kaiser.h"
#include "kernels/math/turns.h"
#include "kernels/restoration/hum_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr double kLeastRateHz = 2700;
constexpr std::int64_t kHalfTaps = 6;  // times the factor
constexpr double kCutoff = 0.457;      // of the low rate: passes 0.28, stops 0.64
constexpr double kBeta = 7.0;          // Kaiser: 70 dB
constexpr std::int64_t kBlock = 4096;  // low samples a read
constexpr std::int64_t kOverread = 16;

std::vector<float> design(std::int64_t factor) {
  const std::vector<double> h = kaiser_low_pass(kCutoff / static_cast<double>(factor), kHalfTaps * factor, kBeta);
  std::vector<float> taps((h.size() + 15) / 16 * 16, 0.0f);
  for (std::size_t i = 0; i < h.size(); ++i) taps[i] = static_cast<float>(h[i]);
  return taps;
}

}  // namespace

const HumKernels& hum_kernels() { return pick_level(sse2::hum_kernels, avx2::hum_kernels, avx512::hum_kernels); }

LowBand::LowBand(TrackReader& track, double sample_rate_hz)
    : sample_rate_hz_(sample_rate_hz),
      factor_(std::max<std::int64_t>(1, static_cast<std::int64_t>(sample_rate_hz / kLeastRateHz))),
      rate_hz_(sample_rate_hz / static_cast<double>(factor_)),
      channels_(track.channels()),
      frames_((track.frames() + factor_ - 1) / factor_),
      stride_((frames_ + 15) / 16 * 16 + kOverread),
      taps_(design(factor_)),
      data_(static_cast<std::size_t>(stride_ * channels_), 0.0f) {
  const HumKernels& kernels = hum_kernels();
  const auto taps_count = static_cast<std::int64_t>(taps_.size());
  for (std::int64_t i = 0; i < frames_; i += kBlock) {
    const std::int64_t count = std::min(kBlock, frames_ - i);
    const AudioView in = track.read(i * factor_ - kHalfTaps * factor_, (count - 1) * factor_ + taps_count + kOverread);
    const std::int64_t own = count * factor_;
    for (int c = 0; c < channels_; ++c) {
      const float* x = in.channel(c);
      kernels.lower(x, count, factor_, taps_.data(), taps_count, data_.data() + c * stride_ + i);
      float square = 0;
      kernels.project(x + kHalfTaps * factor_, own / 16 * 16, x + kHalfTaps * factor_, 0, 1, &square);
      track_power_ += static_cast<double>(square);
    }
  }
  track_power_ /= std::max(1.0, static_cast<double>(track.frames()) * channels_);
}

double LowBand::response(double frequency_hz) const {
  double sum = 0;
  const std::int64_t half = kHalfTaps * factor_;
  for (std::int64_t k = 0; k <= 2 * half; ++k)
    sum += static_cast<double>(taps_[static_cast<std::size_t>(k)]) *
           cos_sin_turns(frequency_hz / sample_rate_hz_ * static_cast<double>(k - half)).cos;
  return sum;
}

}  // namespace lathe
