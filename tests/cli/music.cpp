#include "tests/cli/music.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/support/signals.h"

namespace lathe::test {
namespace {

std::int64_t frames_of(int sample_rate_hz, double seconds) { return std::llround(sample_rate_hz * seconds); }

// h[0..half] of a symmetric low-pass under Blackman's window, unity at DC.
Signal low_pass(std::int64_t half, double cutoff) {
  Signal h;
  double sum = 0;
  for (std::int64_t k = 0; k <= half; ++k) {
    const double t = std::numbers::pi * static_cast<double>(k), u = t / static_cast<double>(half + 1);
    h.push_back((k == 0 ? 2 * cutoff : std::sin(2 * cutoff * t) / t) *
                (0.42 + 0.5 * std::cos(u) + 0.08 * std::cos(2 * u)));
    sum += (k == 0 ? 1 : 2) * h.back();
  }
  for (double& v : h) v /= sum;
  return h;
}

// Music has next to nothing above 20 kHz. Only there do interpolators differ, and, at high rates, K-filters.
void band_limit(Signal& x, int sample_rate_hz) {
  constexpr std::int64_t kHalf = 50;
  const Signal taps = low_pass(kHalf, 18800.0 / std::max(sample_rate_hz, 44100));
  const Signal in = x;
  const auto frames = static_cast<std::int64_t>(in.size());
  for (std::int64_t n = 0; n < frames; ++n) {
    double sum = 0;
    for (std::int64_t k = std::max(n - kHalf, std::int64_t{0}); k <= std::min(n + kHalf, frames - 1); ++k) {
      sum += taps[static_cast<std::size_t>(std::abs(n - k))] * in[static_cast<std::size_t>(k)];
    }
    x[static_cast<std::size_t>(n)] = sum;
  }
}

// Band-limits, and brings the highest sample to `peak`.
void finish(Sound& sound, double peak) {
  double highest = 0;
  for (Signal& channel : sound.channels) {
    band_limit(channel, sound.sample_rate_hz);
    for (const double x : channel) highest = std::max(highest, std::abs(x));
  }
  for (Signal& channel : sound.channels) {
    for (double& x : channel) x *= peak / highest;
  }
}

}  // namespace

Sound wandering(Random& random, int sample_rate_hz, int channels, double seconds, double peak) {
  Sound sound{sample_rate_hz, {}};
  const std::int64_t frames = frames_of(sample_rate_hz, seconds);
  const double low_pass = std::exp(-2 * std::numbers::pi * 200 / sample_rate_hz), pace = 5.0 / sample_rate_hz;
  for (int c = 0; c < channels; ++c) {
    Signal x(static_cast<std::size_t>(frames));
    double low = 0, level = 0.7, goal = 0.7;
    for (double& v : x) {
      if (random.uniform(0, 1) < 2.0 / sample_rate_hz) goal = random.uniform(0.5, 1);
      level += (goal - level) * pace;
      const double noise = random.uniform(-1, 1);
      low = low_pass * low + (1 - low_pass) * noise;
      v = level * (0.15 * noise + 10 * low);
    }
    fade(x, std::min<std::int64_t>(frames / 2, 441));
    sound.channels.push_back(std::move(x));
  }
  finish(sound, peak);
  return sound;
}

Sound strokes(Random& random, int sample_rate_hz, int channels, double seconds, double bed_db) {
  Sound sound{sample_rate_hz, {}};
  const std::int64_t frames = frames_of(sample_rate_hz, seconds), period = sample_rate_hz / 4;
  const double bed = std::pow(10.0, bed_db / 20), decay = std::exp(-1 / (0.008 * sample_rate_hz));
  for (int c = 0; c < channels; ++c) {
    Signal x = white_noise(random, 0.25 * bed, frames);
    double level = 0;
    for (std::int64_t n = 0; n < frames; ++n) {
      level = n % period == 0 ? 1 : level * decay;
      x[static_cast<std::size_t>(n)] += level * random.uniform(-1, 1);
    }
    fade(x, std::min<std::int64_t>(frames / 2, 441));
    sound.channels.push_back(std::move(x));
  }
  finish(sound, 0.999);
  return sound;
}

Sound silence(int sample_rate_hz, int channels, double seconds) {
  return {sample_rate_hz, std::vector<Signal>(static_cast<std::size_t>(channels),
                                              Signal(static_cast<std::size_t>(frames_of(sample_rate_hz, seconds))))};
}

}  // namespace lathe::test
