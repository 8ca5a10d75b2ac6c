#include "kernels/math/k_weighting.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>
#include <string>

namespace lathe {
namespace {

// The analogue parameters that reproduce the 48 kHz tables, as BS.1770 meters have published them since 2011
// (K = tan(pi f0 / fs) in both stages).
Biquad shelf(double fs) {
  constexpr double kF0 = 1681.974450955533, kGainDb = 3.999843853973347, kQ = 0.7071752369554196;
  const double k = std::tan(std::numbers::pi * kF0 / fs);
  const double vh = std::pow(10.0, kGainDb / 20.0), vb = std::pow(vh, 0.4996667741545416);
  const double a0 = 1.0 + k / kQ + k * k;
  return {(vh + vb * k / kQ + k * k) / a0, 2.0 * (k * k - vh) / a0, (vh - vb * k / kQ + k * k) / a0,
          2.0 * (k * k - 1.0) / a0, (1.0 - k / kQ + k * k) / a0};
}

double high_pass_a0(double fs) {
  constexpr double kF0 = 38.13547087602444, kQ = 0.5003270373238773;
  const double k = std::tan(std::numbers::pi * kF0 / fs);
  return 1.0 + k / kQ + k * k;
}

Biquad high_pass(double fs) {
  constexpr double kF0 = 38.13547087602444, kQ = 0.5003270373238773;
  const double k = std::tan(std::numbers::pi * kF0 / fs);
  const double a0 = high_pass_a0(fs);
  // 1 / a0 is unity gain at half the rate. The table has a0(48000) more; meters that keep its numerator have a0.
  const double scale = std::sqrt(high_pass_a0(48000.0) / a0);
  return {scale, -2.0 * scale, scale, 2.0 * (k * k - 1.0) / a0, (1.0 - k / kQ + k * k) / a0};
}

}  // namespace

std::array<Biquad, 2> k_weighting(double sample_rate_hz) {
  if (!(sample_rate_hz >= 4000.0 && sample_rate_hz <= 768000.0)) {
    throw std::invalid_argument("k_weighting: " + std::to_string(sample_rate_hz) + " Hz is outside 4000 to 768000");
  }
  return {shelf(sample_rate_hz), high_pass(sample_rate_hz)};
}

double magnitude(const Biquad& q, double frequency_hz, double sample_rate_hz) {
  const std::complex<double> z1 = std::polar(1.0, -2.0 * std::numbers::pi * frequency_hz / sample_rate_hz),
                             z2 = z1 * z1;
  return std::abs((q.b0 + q.b1 * z1 + q.b2 * z2) / (1.0 + q.a1 * z1 + q.a2 * z2));
}

}  // namespace lathe
