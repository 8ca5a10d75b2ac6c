#include "kernels/math/kaiser.h"

#include <cmath>
#include <numbers>

#include "kernels/math/turns.h"

namespace lathe {
namespace {

double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 40; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

}  // namespace

std::vector<double> kaiser_low_pass(double cutoff, std::int64_t half, double beta) {
  std::vector<double> h(static_cast<std::size_t>(2 * half + 1));
  double sum = 0;
  for (std::int64_t n = -half; n <= half; ++n) {
    const double u = 2 * cutoff * static_cast<double>(n);
    const double sinc = n == 0 ? 1.0 : cos_sin_turns(0.5 * u).sin / (std::numbers::pi * u);
    const double r = static_cast<double>(n) / static_cast<double>(half + 1);
    double& tap = h[static_cast<std::size_t>(n + half)];
    tap = sinc * bessel_i0(beta * std::sqrt(1 - r * r));
    sum += tap;
  }
  for (double& tap : h) tap /= sum;
  return h;
}

}  // namespace lathe
