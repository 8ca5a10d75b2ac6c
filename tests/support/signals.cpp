#include "tests/support/signals.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace lathe::test {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

bool is_whole(double x) { return x == std::floor(x) && x < 1e9; }

}  // namespace

Signal sine(double freq_hz, double amplitude, double rate_hz, std::int64_t frames, double phase) {
  std::int64_t period = frames;
  if (is_whole(freq_hz) && is_whole(rate_hz)) {
    const auto rate = static_cast<std::int64_t>(rate_hz);
    period = std::min(frames, rate / std::gcd(rate, static_cast<std::int64_t>(freq_hz)));
  }
  Signal x(static_cast<std::size_t>(frames));
  for (std::int64_t n = 0; n < frames; ++n) {
    const auto i = static_cast<std::size_t>(n);
    x[i] = n < period ? amplitude * std::sin(kTwoPi * freq_hz * static_cast<double>(n) / rate_hz + phase)
                      : x[i - static_cast<std::size_t>(period)];
  }
  return x;
}

Signal white_noise(Random& random, double rms, std::int64_t frames) {
  Signal x(static_cast<std::size_t>(frames));
  for (double& v : x) v = rms * random.normal();
  return x;
}

Signal programme(Random& random, double rate_hz, std::int64_t frames) {
  Signal x(static_cast<std::size_t>(frames));
  const double low_pass = std::exp(-kTwoPi * 200 / rate_hz);
  double low = 0, level_db = -20, goal_db = -20, amplitude = 0;
  for (std::size_t n = 0; n < x.size(); ++n) {
    if (n % 64 == 0) {
      if (random.uniform(0, 1) < 128 / rate_hz) goal_db = random.uniform(-45, -10);
      level_db += (goal_db - level_db) * 320 / rate_hz;
      amplitude = std::pow(10.0, level_db / 20);
    }
    const double noise = random.uniform(-1, 1);
    low = low_pass * low + (1 - low_pass) * noise;
    x[n] = amplitude * (0.15 * noise + 10 * low);
  }
  return x;
}

Signal sweep(double from_hz, double to_hz, double amplitude, double rate_hz, std::int64_t frames) {
  Signal x(static_cast<std::size_t>(frames));
  const double ratio = std::log(to_hz / from_hz), length = static_cast<double>(frames) / rate_hz;
  for (std::size_t n = 0; n < x.size(); ++n) {
    const double t = static_cast<double>(n) / rate_hz;
    x[n] = amplitude * std::sin(kTwoPi * from_hz * length / ratio * (std::exp(t / length * ratio) - 1));
  }
  return x;
}

Signal impulses(std::int64_t frames, const std::vector<std::int64_t>& at, double amplitude) {
  Signal x(static_cast<std::size_t>(frames), 0.0);
  for (const std::int64_t n : at) x[static_cast<std::size_t>(n)] = amplitude;
  return x;
}

Signal square(std::int64_t period, double amplitude, std::int64_t frames) {
  Signal x(static_cast<std::size_t>(frames));
  for (std::int64_t n = 0; n < frames; ++n)
    x[static_cast<std::size_t>(n)] = n % period < period / 2 ? amplitude : -amplitude;
  return x;
}

void fade(Signal& signal, std::int64_t frames) {
  for (std::size_t n = 0; n < static_cast<std::size_t>(frames); ++n) {
    const double w = 0.5 - 0.5 * std::cos(std::numbers::pi * static_cast<double>(n) / static_cast<double>(frames));
    signal[n] *= w;
    signal[signal.size() - 1 - n] *= w;
  }
}

Multitone::Multitone(Random& random, int tones, double highest, std::int64_t frames) : frames_(frames) {
  double sum = 0;
  for (int i = 0; i < tones; ++i) {
    tones_.push_back({random.uniform(0.2, 1), random.uniform(0.001, highest), random.uniform(0, kTwoPi)});
    sum += tones_.back().amplitude;
  }
  for (Tone& tone : tones_) tone.amplitude /= sum;
}

double Multitone::at(double time_samples) const {
  double sum = 0;
  for (const Tone& tone : tones_) sum += tone.amplitude * std::sin(kTwoPi * tone.frequency * time_samples + tone.phase);
  return sum * (0.5 - 0.5 * std::cos(kTwoPi * time_samples / static_cast<double>(frames_)));
}

Signal Multitone::samples() const {
  Signal x(static_cast<std::size_t>(frames_));
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = at(static_cast<double>(n));
  return x;
}

double Multitone::peak(int per_sample) const {
  double peak = 0;
  for (std::int64_t n = 0; n < frames_ * per_sample; ++n) {
    peak = std::max(peak, std::abs(at(static_cast<double>(n) / per_sample)));
  }
  return peak;
}

}  // namespace lathe::test
