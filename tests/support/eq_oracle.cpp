#include "tests/support/eq_oracle.h"

#include <cmath>
#include <complex>
#include <numbers>

namespace lathe::test {
namespace {

using Complex = std::complex<double>;

// 1 / product of (s - pole) over the left half of the unit circle.
Complex butterworth(Complex s, int order) {
  Complex h = 1;
  for (int k = 1; k <= order; ++k) h /= s - std::polar(1.0, std::numbers::pi * (2 * k + order - 1) / (2 * order));
  return h;
}

}  // namespace

double band_gain_oracle(const EqBand& band, double frequency_hz) {
  const Complex s(0, frequency_hz / band.freq_hz);
  const double a = std::pow(10.0, band.gain_db / 40), q = band.q, root = std::sqrt(a);
  switch (band.type) {
    case BandType::high_pass:
      return frequency_hz == 0 ? 0 : std::abs(butterworth(1.0 / s, band.slope_db_oct / 6));
    case BandType::low_pass:
      return std::abs(butterworth(s, band.slope_db_oct / 6));
    case BandType::bell:
      return std::abs((s * s + s * (a / q) + 1.0) / (s * s + s / (a * q) + 1.0));
    case BandType::low_shelf:
      return std::abs(a * (s * s + s * root / q + a) / (a * s * s + s * root / q + 1.0));
    case BandType::high_shelf:
      return std::abs(a * (a * s * s + s * root / q + 1.0) / (s * s + s * root / q + a));
    case BandType::notch:
      return std::abs((s * s + 1.0) / (s * s + s / q + 1.0));
    case BandType::band_pass:
      return std::abs((s / q) / (s * s + s / q + 1.0));
    case BandType::tilt:
      // Low shelf of -gain/2: (s + 1/root) / (s + root); high shelf of +gain/2: (root s + 1) / (s / root + 1).
      return std::abs((s + 1.0 / root) / (s + root) * ((s * root + 1.0) / (s / root + 1.0)));
  }
  return 0;
}

double target_oracle(const std::vector<EqBand>& bands, double frequency_hz) {
  double product = 1;
  for (const EqBand& band : bands) product *= band_gain_oracle(band, frequency_hz);
  return product;
}

}  // namespace lathe::test
