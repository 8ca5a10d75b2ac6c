#include "kernels/loudness/interpolation.h"

#include <algorithm>
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

void fold(InterpolationBank& bank) {
  const int pairs = bank.taps / 2, half = bank.phases / 2, stride = bank.phases - 1;
  bank.folded = AlignedArray<float>(static_cast<std::size_t>(pairs * stride));
  if (half == 8) bank.by_phase = AlignedArray<float>(static_cast<std::size_t>(pairs * 16));
  for (int p = 1; p <= half; ++p) {
    const float* h = bank.coefficients.data() + (p - 1) * bank.taps;
    for (int i = 0; i < pairs; ++i) {
      const float left = h[pairs - 1 - i], right = h[pairs + i];
      const float even = 0.5f * (left + right), odd = p == half ? 0.0f : 0.5f * (right - left);
      float* row = bank.folded.data() + i * stride;
      row[p == half ? 0 : 2 * p - 1] = even;
      if (p < half) row[2 * p] = odd;
      if (half != 8) continue;
      bank.by_phase[static_cast<std::size_t>(i * 16 + p - 1)] = even;
      bank.by_phase[static_cast<std::size_t>(i * 16 + 8 + p - 1)] = odd;
    }
  }
}

// x(n + p/P) = (1 - t) x[n] + t x[n+1] + sum c[k] x[n+k], c the phase less the straight line. With sum c = 0 and
// sum k c[k] = 0 the last sum is g * x", g = c summed twice; what c has of those two moments is bounded by itself.
void bound_bend(InterpolationBank& bank) {
  for (int p = 1; p < bank.phases; ++p) {
    const float* h = bank.coefficients.data() + (p - 1) * bank.taps;
    const int here = bank.taps / 2 - 1;
    const double t = static_cast<double>(p) / bank.phases;
    std::vector<double> c(h, h + bank.taps);
    c[static_cast<std::size_t>(here)] -= 1 - t;
    c[static_cast<std::size_t>(here + 1)] -= t;
    double sum = 0, moment = 0;
    for (int k = 0; k < bank.taps; ++k) {
      sum += c[static_cast<std::size_t>(k)];
      moment += (k - here) * c[static_cast<std::size_t>(k)];
    }
    c[static_cast<std::size_t>(here)] -= sum - moment;
    c[static_cast<std::size_t>(here + 1)] -= moment;
    double once = 0, twice = 0, absolute = 0;
    for (const double v : c) {
      twice += once;
      once += v;
      absolute += std::abs(twice);
    }
    bank.bend_bound = std::max(bank.bend_bound, static_cast<float>(absolute * 1.00001));
    bank.slope_bound = std::max(bank.slope_bound, static_cast<float>(std::abs(sum) + 2 * std::abs(moment) + 1e-5));
  }
}

}  // namespace

InterpolationBank make_interpolation_bank(int phases, int taps) {
  if ((phases != 4 && phases != 16) || (taps != 16 && taps != 32 && taps != 64)) {
    throw std::invalid_argument("make_interpolation_bank: 4 or 16 phases of 16, 32 or 64 taps");
  }
  // Kaiser's formulas: transition from 20 kHz to 24.1 kHz at 44.1 kHz, 2 * (0.5 - 0.4535) of the rate.
  const double transition = 2.0 * std::numbers::pi * 2.0 * (0.5 - 0.4535);
  const double attenuation_db = 2.285 * (taps - 1) * transition + 8.0;
  const double beta = attenuation_db > 50
                          ? 0.1102 * (attenuation_db - 8.7)
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
      h[static_cast<std::size_t>(k)] =
          std::abs(u) < 1 ? sinc(t) * bessel_i0(beta * std::sqrt(1 - u * u)) / bessel_i0(beta) : 0.0;
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
  fold(bank);
  bound_bend(bank);
  return bank;
}

const InterpolationBank& quick_bank() {
  static const InterpolationBank bank = make_interpolation_bank(4, 16);
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
