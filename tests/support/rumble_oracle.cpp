#include "tests/support/rumble_oracle.h"

#include <cmath>
#include <cstdint>
#include <numbers>

namespace lathe::test {
namespace {

// At n of a window that reaches `half` to each side; not yet normalised.
double windowed_sinc(double n, double cutoff, double half, double beta) {
  if (std::abs(n) > half) return 0;
  const double u = 2 * cutoff * n, r = n / (half + 1);
  const double sinc = n == 0 ? 1.0 : std::sin(std::numbers::pi * u) / (std::numbers::pi * u);
  return sinc * std::cyl_bessel_i(0.0, beta * std::sqrt(1 - r * r));
}

double sum_of(double cutoff, std::int64_t half, double beta) {
  double sum = 0;
  for (std::int64_t n = -half; n <= half; ++n)
    sum += windowed_sinc(static_cast<double>(n), cutoff, static_cast<double>(half), beta);
  return sum;
}

Signal resonant_noise(Random& random, double rms, double sample_rate_hz, std::size_t frames) {
  const Signal noise = [&] {
    Signal x(frames);
    for (double& v : x) v = random.uniform(-1, 1) + random.uniform(-1, 1) + random.uniform(-1, 1);
    return x;
  }();
  const double turn = 2 * std::numbers::pi * 12 / sample_rate_hz, pole = std::exp(-turn / 6);
  Signal out(frames);
  double y1 = 0, y2 = 0, power = 0;
  for (std::size_t n = 0; n < frames; ++n) {
    const double y = noise[n] + 2 * pole * std::cos(turn) * y1 - pole * pole * y2;
    y2 = y1, y1 = y, out[n] = y;
    power += y * y;
  }
  for (double& v : out) v *= rms / std::sqrt(power / static_cast<double>(frames));
  return out;
}

}  // namespace

void add_rumble(Random& random, double rms, double alike, double sample_rate_hz, Signal& left, Signal& right) {
  const Signal anti = resonant_noise(random, rms, sample_rate_hz, left.size());
  const Signal same = resonant_noise(random, alike * rms, sample_rate_hz, left.size());
  for (std::size_t n = 0; n < left.size(); ++n) {
    left[n] += same[n] + anti[n];
    right[n] += same[n] - anti[n];
  }
}

Signal high_passed_oracle(const Signal& x, double freq_hz, double sample_rate_hz) {
  const auto factor = std::max<std::int64_t>(1, static_cast<std::int64_t>(sample_rate_hz / 344));
  const double by = static_cast<double>(factor), low_rate_hz = sample_rate_hz / by;
  const std::int64_t half = 6 * factor, frames = std::ssize(x), low_frames = (frames + factor - 1) / factor;
  const double scale = sum_of(0.455 / by, half, 7);
  const auto h = [&](std::int64_t n) {
    return windowed_sinc(static_cast<double>(n), 0.455 / by, static_cast<double>(half), 7) / scale;
  };
  Signal low(static_cast<std::size_t>(low_frames), 0.0), taken = low, out = x;
  for (std::int64_t i = 0; i < low_frames; ++i) {
    for (std::int64_t n = std::max<std::int64_t>(0, i * factor - half); n < std::min(frames, i * factor + half + 1);
         ++n)
      low[static_cast<std::size_t>(i)] += x[static_cast<std::size_t>(n)] * h(n - i * factor);
  }
  const double cutoff = freq_hz / low_rate_hz;
  const auto reach = static_cast<std::int64_t>(std::ceil(3.63 / cutoff / 2));
  const double sum = sum_of(cutoff, reach, 5.65);
  for (std::int64_t i = 0; i < low_frames; ++i) {
    for (std::int64_t j = std::max<std::int64_t>(0, i - reach); j < std::min(low_frames, i + reach + 1); ++j)
      taken[static_cast<std::size_t>(i)] +=
          low[static_cast<std::size_t>(j)] *
          windowed_sinc(static_cast<double>(i - j), cutoff, static_cast<double>(reach), 5.65) / sum;
  }
  for (std::int64_t n = 0; n < frames; ++n) {
    for (std::int64_t i = std::max<std::int64_t>(0, n / factor - 7); i < std::min(low_frames, n / factor + 8); ++i)
      out[static_cast<std::size_t>(n)] -= by * taken[static_cast<std::size_t>(i)] * h(n - i * factor);
  }
  return out;
}

}  // namespace lathe::test
