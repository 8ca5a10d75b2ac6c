#include "tests/support/low_pass.h"

#include <cmath>
#include <numbers>

#include "tests/support/convolution_oracle.h"
#include "tests/support/signals.h"

namespace lathe::test {

double sinc(double x) { return x == 0 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

double kaiser(double u, double beta) {
  return std::abs(u) > 1 ? 0.0 : std::cyl_bessel_i(0.0, beta * std::sqrt(1 - u * u)) / std::cyl_bessel_i(0.0, beta);
}

Signal kaiser_low_pass(std::int64_t half, double cutoff, double beta) {
  Signal h(static_cast<std::size_t>(half) + 1);
  double sum = 0;
  for (std::int64_t n = 0; n <= half; ++n) {
    const double u = static_cast<double>(n) / static_cast<double>(half);
    h[static_cast<std::size_t>(n)] = sinc(2 * cutoff * static_cast<double>(n)) * kaiser(u, beta);
    sum += (n == 0 ? 1 : 2) * h[static_cast<std::size_t>(n)];
  }
  for (double& v : h) v /= sum;
  return h;
}

Signal band_limited_noise(Random& random, double rms, double highest, std::int64_t frames) {
  // 80 dB by Kaiser's formula for 257 taps: beta 7.9, transition 0.02 of the rate.
  const Signal h = kaiser_low_pass(128, highest - 0.01, 7.9), white = white_noise(random, rms, frames);
  Signal x(white.size());
  for (std::int64_t n = 0; n < frames; ++n) x[static_cast<std::size_t>(n)] = convolved_at(white, h, n);
  fade(x, frames / 10);
  return x;
}

}  // namespace lathe::test
