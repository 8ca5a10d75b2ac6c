#include "kernels/restoration/hum_frames.h"

#include <algorithm>
#include <cmath>

#include "kernels/math/turns.h"
#include "kernels/restoration/hum_lanes.h"

namespace lathe {
namespace {

constexpr std::int64_t kQuarters = 4;

}  // namespace

HumFrames hum_frames(const LowBand& low, double freq_hz, int harmonics, double hops_a_second) {
  const auto hop = static_cast<std::int64_t>(low.rate_hz() / hops_a_second + 0.5);
  HumFrames out;
  out.freq_hz = freq_hz;
  out.hop_s = static_cast<double>(hop) / low.rate_hz();
  out.first_s = 2 * out.hop_s;
  out.channels = low.channels();
  out.lines = std::min({harmonics, kMostHumLines, static_cast<int>(low.highest_hz() / freq_hz)});
  const std::int64_t hops = low.frames() / hop;
  out.count = std::max<std::int64_t>(0, hops - kQuarters + 1);
  if (out.count == 0 || out.lines == 0) return out;
  out.z.resize(static_cast<std::size_t>(out.rows() * out.count));

  // Per line and quarter of the window: w cos, -w sin.
  const std::int64_t length = (hop + 15) / 16 * 16, columns = out.lines * kQuarters * 2;
  std::vector<float> tables(static_cast<std::size_t>(length * columns), 0.0f);
  const double turns_a_sample = freq_hz / low.rate_hz();
  for (int k = 0; k < out.lines; ++k) {
    const double gain = 2.0 / (0.5 * static_cast<double>(kQuarters * hop)) / low.response((k + 1) * freq_hz);
    for (std::int64_t q = 0; q < kQuarters; ++q) {
      float* re = tables.data() + ((k * kQuarters + q) * 2) * length;
      for (std::int64_t n = 0; n < hop; ++n) {
        const double w =
            0.5 - 0.5 * cos_sin_turns(static_cast<double>(q * hop + n) / static_cast<double>(kQuarters * hop)).cos;
        const CosSin e = cos_sin_turns((k + 1) * turns_a_sample * static_cast<double>(n));
        re[n] = static_cast<float>(gain * w * e.cos);
        re[length + n] = static_cast<float>(-gain * w * e.sin);
      }
    }
  }
  std::vector<float> sums(static_cast<std::size_t>(columns));
  for (std::int64_t b = 0; b < hops; ++b) {
    std::vector<Complex64> turn(static_cast<std::size_t>(out.lines));
    for (int k = 0; k < out.lines; ++k) {
      const CosSin e = cos_sin_turns(-(k + 1) * turns_a_sample * static_cast<double>(b * hop));
      turn[static_cast<std::size_t>(k)] = {e.cos, e.sin};
    }
    for (int c = 0; c < out.channels; ++c) {
      hum_kernels().project(low.row(c) + b * hop, length, tables.data(), length, columns, sums.data());
      for (int k = 0; k < out.lines; ++k) {
        Complex64* row = out.z.data() + (c * out.lines + k) * out.count;
        for (std::int64_t q = 0; q < kQuarters; ++q) {
          const std::int64_t m = b - q;
          if (m < 0 || m >= out.count) continue;
          const float* s = sums.data() + (k * kQuarters + q) * 2;
          row[m] = row[m] + turn[static_cast<std::size_t>(k)] * Complex64{s[0], s[1]};
        }
      }
    }
  }
  return out;
}

}  // namespace lathe
