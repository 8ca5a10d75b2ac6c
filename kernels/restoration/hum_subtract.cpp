#include "kernels/restoration/hum_subtract.h"

#include <algorithm>
#include <cmath>

#include "kernels/aligned.h"
#include "kernels/math/turns.h"
#include "kernels/restoration/hum_lanes.h"

namespace lathe {
namespace {

constexpr std::int64_t kBlock = 1024, kBlocks = 16;  // of a read
constexpr std::int64_t kSilentRun = 64, kGrid = kSilentRun / 2;

// Where `x` is exactly 0 for kSilentRun samples or longer, y[n] = 0. Frames [-kSilentRun, count + kSilentRun) of x are
// readable.
void keep_silence(const float* x, std::int64_t count, float* y) {
  for (std::int64_t n = 0; n < count + kGrid; n += kGrid) {
    if (x[n] != 0) continue;
    std::int64_t from = n, to = n + 1;
    while (from > -kSilentRun && x[from - 1] == 0) --from;
    while (to < count + kSilentRun && x[to] == 0) ++to;
    if (to - from >= kSilentRun) {
      for (std::int64_t i = std::max<std::int64_t>(from, 0); i < std::min(to, count); ++i) y[i] = x[i];
    }
    n = std::max(n, (to - 1) / kGrid * kGrid);
  }
}

class Subtraction {
 public:
  Subtraction(double sample_rate_hz, const HumModel& model)
      : rate_hz_(sample_rate_hz), model_(model), hum_(static_cast<std::size_t>(kBlock)) {}

  // The hum of one channel in [first, first + kBlock); false where there is none.
  bool make(std::int64_t first, int channel) {
    const double from_s = static_cast<double>(first) / rate_hz_, to_s = static_cast<double>(first + kBlock) / rate_hz_;
    HumStretch s;
    bool any = false;
    for (int k = 0; k < model_.lines; ++k) {
      const Complex64 a = model_.amplitude(channel, k, from_s), b = model_.amplitude(channel, k, to_s);
      any |= power(a) > 0 || power(b) > 0;
      real_[k] = static_cast<float>(a.re), imag_[k] = static_cast<float>(a.im);
      real_slope_[k] = static_cast<float>((b.re - a.re) / kBlock);
      imag_slope_[k] = static_cast<float>((b.im - a.im) / kBlock);
    }
    if (!any) return false;
    const double turns = model_.turns(from_s);
    const double step = (model_.turns(to_s) - turns) / kBlock;
    const double start = turns - std::floor(turns);
    for (int i = 0; i < 16; ++i) {
      const CosSin e = cos_sin_turns(start + i * step);
      cosines_[i] = static_cast<float>(e.cos), sines_[i] = static_cast<float>(e.sin);
    }
    const CosSin sixteen = cos_sin_turns(16 * step);
    s.rows = kBlock / 16, s.lines = model_.lines;
    s.cosines = cosines_, s.sines = sines_;
    s.step_cos = static_cast<float>(sixteen.cos), s.step_sin = static_cast<float>(sixteen.sin);
    s.real = real_, s.imag = imag_, s.real_slope = real_slope_, s.imag_slope = imag_slope_;
    hum_kernels().synthesise(s, hum_.data());
    return true;
  }
  const float* hum() const { return hum_.data(); }

 private:
  double rate_hz_;
  const HumModel& model_;
  AlignedArray<float> hum_;
  alignas(64) float cosines_[16] = {}, sines_[16] = {};
  float real_[kMostHumLines] = {}, imag_[kMostHumLines] = {}, real_slope_[kMostHumLines] = {},
        imag_slope_[kMostHumLines] = {};
};

}  // namespace

HumSubtraction subtract_hum(TrackReader& track, double sample_rate_hz, const HumModel& model, AudioSink& out) {
  HumSubtraction result;
  Subtraction subtraction(sample_rate_hz, model);
  const int channels = track.channels();
  constexpr std::int64_t kRead = kBlock * kBlocks;
  AlignedArray<float> restored(static_cast<std::size_t>(kRead * channels));
  double removed = 0;
  for (std::int64_t first = 0; first < track.frames(); first += kRead) {
    const std::int64_t count = std::min(kRead, track.frames() - first);
    const AudioView in = track.read(first - kSilentRun, count + 2 * kSilentRun + kGrid);
    for (int c = 0; c < channels; ++c) {
      const float* x = in.channel(c) + kSilentRun;
      float* y = restored.data() + c * kRead;
      for (std::int64_t b = 0; b < count; b += kBlock) {
        const std::int64_t n = std::min(kBlock, count - b);
        if (!subtraction.make(first + b, c)) {
          std::copy_n(x + b, n, y + b);
          continue;
        }
        removed += static_cast<double>(hum_kernels().subtract(x + b, subtraction.hum(), n, y + b));
        result.samples_changed += n;
      }
      keep_silence(x, count, y);
    }
    out.take(AudioView{restored.data(), channels, count, kRead});
  }
  out.finish();
  const double samples = static_cast<double>(track.frames()) * channels;
  result.removed_power = samples > 0 ? removed / samples : 0;
  return result;
}

}  // namespace lathe
