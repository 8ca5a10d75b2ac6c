// The lines of a hum seen through half-second windows: complex amplitudes beside a constant frequency.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/hum_low_band.h"

namespace lathe {

struct Complex64 {
  double re = 0, im = 0;
};
inline Complex64 operator*(Complex64 a, Complex64 b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
inline Complex64 operator*(double g, Complex64 a) { return {g * a.re, g * a.im}; }
inline Complex64 operator+(Complex64 a, Complex64 b) { return {a.re + b.re, a.im + b.im}; }
inline Complex64 operator-(Complex64 a, Complex64 b) { return {a.re - b.re, a.im - b.im}; }
inline Complex64 conj(Complex64 a) { return {a.re, -a.im}; }
inline double power(Complex64 a) { return a.re * a.re + a.im * a.im; }

// z(c, k, m) = 2 / sum w * sum over n of w[n] u[m hop + n] exp(-i 2 pi k f (m hop + n) / rate), over Hann windows w of
// four hops, corrected for the low band's filter: a line A cos(2 pi k f t + p) reads A exp(i p). Time 0 is the track's
// first frame.
struct HumFrames {
  double freq_hz = 0;
  double hop_s = 0;    // about an eighth of a second
  double first_s = 0;  // centre of frame 0
  int lines = 0;       // harmonics 1..lines
  int channels = 0;
  std::int64_t count = 0;
  std::vector<Complex64> z;

  int rows() const { return channels * lines; }
  const Complex64* row(int channel, int line) const { return z.data() + (channel * lines + line) * count; }
};

// `hops_a_second`: 8 for the fit.
HumFrames hum_frames(const LowBand& low, double freq_hz, int harmonics, double hops_a_second = 8);

}  // namespace lathe
