#include "kernels/loudness/interpolation.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "kernels/simd/level.h"

namespace lathe {
namespace {

double bessel_i0(double x) {
  double sum = 1.0, term = 1.0;
  for (int k = 1; k < 60; ++k) {
    term *= (x / (2.0 * k)) * (x / (2.0 * k));
    sum += term;
  }
  return sum;
}

double sinc(double x) { return x == 0.0 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

}  // namespace

InterpolationBank make_interpolation_bank(int phases, int taps) {
  if ((phases != 4 && phases != 16) || (taps != 32 && taps != 64)) {
    throw std::invalid_argument("make_interpolation_bank: 4 or 16 phases of 32 or 64 taps");
  }
  // Kaiser's formulas: transition from 20 kHz to 24.1 kHz at 44.1 kHz, 2 * (0.5 - 0.4535) of the rate.
  const double transition = 2.0 * std::numbers::pi * 2.0 * (0.5 - 0.4535);
  const double attenuation_db = 2.285 * (taps - 1) * transition + 8.0;
  const double beta = attenuation_db > 50 ? 0.1102 * (attenuation_db - 8.7)
                                          : 0.5842 * std::pow(attenuation_db - 21.0, 0.4) + 0.07886 * (attenuation_db - 21.0);
  InterpolationBank bank;
  bank.phases = phases;
  bank.taps = taps;
  bank.coefficients = AlignedArray<float>(static_cast<std::size_t>((phases - 1) * taps));
  for (int p = 1; p < phases; ++p) {
    std::vector<double> h(static_cast<std::size_t>(taps));
    double sum = 0;
    for (int k = 0; k < taps; ++k) {
      const double t = static_cast<double>(p) / phases - (k - taps / 2 + 1);  // distance to tap k, in samples
      const double u = t / (taps / 2);
      h[static_cast<std::size_t>(k)] = std::abs(u) < 1 ? sinc(t) * bessel_i0(beta * std::sqrt(1 - u * u)) / bessel_i0(beta) : 0.0;
      sum += h[static_cast<std::size_t>(k)];
    }
    double absolute = 0;
    for (int k = 0; k < taps; ++k) {
      const double c = h[static_cast<std::size_t>(k)] / sum;
      bank.coefficients[static_cast<std::size_t>((p - 1) * taps + k)] = static_cast<float>(c);
      absolute += std::abs(c);
    }
    bank.bound = std::max(bank.bound, static_cast<float>(absolute * 1.00001));
  }
  return bank;
}

const InterpolationBank& search_bank() {
  static const InterpolationBank bank = make_interpolation_bank(4, 32);
  return bank;
}

const InterpolationBank& answer_bank() {
  static const InterpolationBank bank = make_interpolation_bank(16, 64);
  return bank;
}

const InterpolationKernels& interpolation_kernels() {
  return pick_level(sse2::interpolation_kernels, avx2::interpolation_kernels, avx512::interpolation_kernels);
}

}  // namespace lathe
