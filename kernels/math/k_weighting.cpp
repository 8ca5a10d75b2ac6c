#include "kernels/math/k_weighting.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/math/number_text.h"

namespace lathe {
namespace {

constexpr double kPi = std::numbers::pi;

// BS.1770-5 Annex 1, tables 1 and 2.
constexpr Biquad kShelf48 = {1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241,
                             0.73248077421585};
constexpr Biquad kHighPass48 = {1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621};

// The table's high-pass through the bilinear transform, numerator kept: its poles lie so low that the transform bends
// nothing, and the gain that it leaves is made up for by the shelf.
Biquad high_pass(double fs) {
  const double k48 = std::sqrt((1 + kHighPass48.a1 + kHighPass48.a2) / (1 - kHighPass48.a1 + kHighPass48.a2));
  const double damping = (1 - kHighPass48.a2) * (1 + k48 * k48) / (k48 * (1 + kHighPass48.a2));  // 1 / Q
  const double k = std::tan(std::atan(k48) * 48000.0 / fs);
  const double a0 = 1 + k * damping + k * k;
  return {1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k * damping + k * k) / a0};
}

// A biquad's magnitude squared is B(u) / A(u), B and A of second degree in u = sin^2(pi f / fs).
struct Parabola {
  double c0, c1, c2;
  double operator()(double u) const { return c0 + u * (c1 + u * c2); }
};

// The polynomial in z^-1 with its zeros inside the unit circle whose magnitude squared is `p`.
std::array<double, 3> minimum_phase(const Parabola& p) {
  const double at_zero = std::sqrt(p(0)), at_half = std::sqrt(p(1));
  const double outer = (at_zero + at_half) / 2;  // b0 + b2
  const double b0 = (outer + std::sqrt(outer * outer - p.c2 / 4)) / 2;
  return {b0, (at_zero - at_half) / 2, outer - b0};
}

constexpr int kPoints = 64, kUnknowns = 5;
using Rows = std::array<std::array<double, kUnknowns + 1>, kPoints>;

// Least squares by Householder reflections; the last column is the right-hand side.
std::array<double, kUnknowns> least_squares(Rows& m) {
  for (int k = 0; k < kUnknowns; ++k) {
    double norm = 0;
    for (int i = k; i < kPoints; ++i) norm += m[i][k] * m[i][k];
    norm = std::copysign(std::sqrt(norm), m[k][k]);
    std::array<double, kPoints> v{};
    double v_squared = 0;
    for (int i = k; i < kPoints; ++i) {
      v[i] = m[i][k] + (i == k ? norm : 0);
      v_squared += v[i] * v[i];
    }
    for (int j = k; j <= kUnknowns; ++j) {
      double dot = 0;
      for (int i = k; i < kPoints; ++i) dot += v[i] * m[i][j];
      for (int i = k; i < kPoints; ++i) m[i][j] -= 2 * dot / v_squared * v[i];
    }
  }
  std::array<double, kUnknowns> x{};
  for (int k = kUnknowns - 1; k >= 0; --k) {
    x[k] = m[k][kUnknowns];
    for (int j = k + 1; j < kUnknowns; ++j) x[k] -= m[k][j] * x[j];
    x[k] /= m[k][k];
  }
  return x;
}

double square(double x) { return x * x; }

// The shelf that, with `high_pass`, has the response of both tables: B(u) - T(u) (A(u) - 1) = T(u) at kPoints
// frequencies, in the least squares of what is relative to T; A of the last round weighs the next (Sanathanan and
// Koerner 1963). Four rounds settle it to twelve digits.
Biquad shelf_beside(const Biquad& high_pass, double fs) {
  const double top_hz = std::min(20000.0, 0.46 * fs), lowest_hz = 20;
  const double scale = square(std::sin(kPi * top_hz / fs));
  std::array<double, kPoints> u{}, target{}, denominator{};
  for (int i = 0; i < kPoints; ++i) {
    const double hz = lowest_hz * std::pow(top_hz / lowest_hz, static_cast<double>(i) / (kPoints - 1));
    u[i] = square(std::sin(kPi * hz / fs)) / scale;
    target[i] =
        square(magnitude(kShelf48, hz, 48000) * magnitude(kHighPass48, hz, 48000) / magnitude(high_pass, hz, fs));
    denominator[i] = 1;
  }
  std::array<double, kUnknowns> x{};
  for (int round = 0; round < 4; ++round) {
    Rows rows;
    for (int i = 0; i < kPoints; ++i) {
      const double weight = 1 / (target[i] * denominator[i]), t = target[i] * weight;
      rows[i] = {weight, weight * u[i], weight * u[i] * u[i], -t * u[i], -t * u[i] * u[i], t};
    }
    x = least_squares(rows);
    for (int i = 0; i < kPoints; ++i) denominator[i] = 1 + u[i] * (x[3] + u[i] * x[4]);
  }
  const auto b = minimum_phase({x[0], x[1] / scale, x[2] / (scale * scale)});
  const auto a = minimum_phase({1, x[3] / scale, x[4] / (scale * scale)});
  return {b[0] / a[0], b[1] / a[0], b[2] / a[0], a[1] / a[0], a[2] / a[0]};
}

}  // namespace

std::array<Biquad, 2> k_weighting(double sample_rate_hz) {
  if (!(sample_rate_hz >= 4000.0 && sample_rate_hz <= 768000.0)) {
    throw std::invalid_argument("k_weighting: " + number_text(sample_rate_hz) + " Hz is outside 4000 to 768000");
  }
  if (sample_rate_hz == 48000.0) return {kShelf48, kHighPass48};
  const Biquad rumble = high_pass(sample_rate_hz);
  return {shelf_beside(rumble, sample_rate_hz), rumble};
}

double magnitude(const Biquad& q, double frequency_hz, double sample_rate_hz) {
  const std::complex<double> z1 = std::polar(1.0, -2.0 * kPi * frequency_hz / sample_rate_hz), z2 = z1 * z1;
  return std::abs((q.b0 + q.b1 * z1 + q.b2 * z2) / (1.0 + q.a1 * z1 + q.a2 * z2));
}

}  // namespace lathe
