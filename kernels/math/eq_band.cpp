#include "kernels/math/eq_band.h"

#include <cmath>
#include <complex>
#include <stdexcept>
#include <string>

#include "kernels/math/number_text.h"

namespace lathe {
namespace {

using Complex = std::complex<double>;

// (n2 s^2 + n1 s + n0) / (d2 s^2 + d1 s + d0) at s = j w.
double ratio(double n2, double n1, double n0, double d2, double d1, double d0, double w) {
  return std::abs(Complex(n0 - n2 * w * w, n1 * w)) / std::abs(Complex(d0 - d2 * w * w, d1 * w));
}

void expect(bool holds, const std::string& field, double value, const char* range) {
  if (!holds) throw std::invalid_argument("EqBand: " + field + " is " + number_text(value) + "; it must be " + range);
}

}  // namespace

void EqBand::check() const {
  expect(freq_hz >= 5 && freq_hz <= 400000, "freq_hz", freq_hz, "5 to 400000");
  expect(gain_db >= -36 && gain_db <= 36, "gain_db", gain_db, "-36 to 36");
  expect(q >= 0.05 && q <= 100, "q", q, "0.05 to 100");
  expect(slope_db_oct >= 6 && slope_db_oct <= 96 && slope_db_oct % 6 == 0, "slope_db_oct", slope_db_oct,
         "6 to 96 in steps of 6");
}

double magnitude(const EqBand& band, double frequency_hz) {
  const double w = frequency_hz / band.freq_hz;  // the prototypes are normalised to 1 rad/s
  const double a = std::pow(10.0, band.gain_db / 40.0), q = band.q, root = std::sqrt(a);
  const int order = band.slope_db_oct / 6;
  switch (band.type) {
    case BandType::bell:
      return ratio(1, a / q, 1, 1, 1 / (a * q), 1, w);
    case BandType::low_shelf:
      return a * ratio(1, root / q, a, a, root / q, 1, w);
    case BandType::high_shelf:
      return a * ratio(a, root / q, 1, 1, root / q, a, w);
    case BandType::notch:
      return ratio(1, 0, 1, 1, 1 / q, 1, w);
    case BandType::band_pass:
      return ratio(0, 1 / q, 0, 1, 1 / q, 1, w);
    case BandType::low_pass:
      return 1 / std::sqrt(1 + std::pow(w, 2 * order));
    case BandType::high_pass:
      return frequency_hz == 0 ? 0 : 1 / std::sqrt(1 + std::pow(w, -2 * order));
    case BandType::tilt: {
      const double shelf = ratio(0, root, 1, 0, 1, root, w);  // each of the pair, but for constants that cancel
      return shelf * shelf;
    }
  }
  return 1;
}

}  // namespace lathe
