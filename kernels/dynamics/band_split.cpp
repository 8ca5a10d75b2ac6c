#include "kernels/dynamics/band_split.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/fft/real_fft_double.h"

namespace lathe {
namespace {

// Of a crossover, in half a kernel: two thirds of an octave from the edge its response is within 5e-4 of 1 or 0, an
// octave from it within 5e-5.
constexpr double kPeriods = 4;

// Between its ends a polynomial whose first and second derivatives are 0 there: so its kernel is over soon.
double low_pass(double crossover_hz, double freq_hz) {
  const double t = std::clamp((freq_hz / crossover_hz - 2.0 / 3) * 1.5, 0.0, 1.0);
  return 1 - t * t * t * (10 - 15 * t + 6 * t * t);
}

std::int64_t half_of(double crossover_hz, double rate) {
  return static_cast<std::int64_t>(std::ceil(kPeriods * rate / crossover_hz));
}

std::int64_t longest_half(const std::vector<double>& crossovers_hz, const std::vector<bool>& is_needed, double rate) {
  for (std::size_t e = 0; e < crossovers_hz.size(); ++e) {
    if (is_needed[e]) return half_of(crossovers_hz[e], rate);
  }
  return 0;
}

// A transform of 16,384 points and the bands' samples share a second-level cache; longer ones where kernels need them.
std::int64_t points_for(std::int64_t half) {
  std::int64_t points = 8192;
  while (points < 8 * half && points < 16384) points *= 2;
  while (points < 4 * half) points *= 2;
  return points;
}

std::vector<double> kernel_of(double crossover_hz, std::int64_t points, double rate) {
  std::vector<double> target(static_cast<std::size_t>(points / 2) + 1);
  for (std::size_t k = 0; k < target.size(); ++k)
    target[k] = low_pass(crossover_hz, static_cast<double>(k) * rate / static_cast<double>(points));
  std::vector<double> taps = even_transform(target);
  const std::int64_t half = half_of(crossover_hz, rate);
  taps.resize(static_cast<std::size_t>(half) + 1);
  for (std::int64_t n = 0; n <= half; ++n) {
    const double turn = static_cast<double>(n) / static_cast<double>(half + 1);
    taps[static_cast<std::size_t>(n)] *= 0.5 + 0.5 * std::cos(std::numbers::pi * turn);
  }
  double sum = taps[0];
  for (std::size_t n = 1; n < taps.size(); ++n) sum += 2 * taps[n];
  for (double& tap : taps) tap /= sum;
  return taps;
}

}  // namespace

BandSplit::BandSplit(const std::vector<double>& crossovers_hz, const std::vector<bool>& is_needed,
                     double sample_rate_hz)
    : half_(longest_half(crossovers_hz, is_needed, sample_rate_hz)),
      fft_(points_for(half_)),
      hop_((fft_.points() - 2 * half_) / 128 * 128),
      edges_(crossovers_hz.size()) {
  const std::int64_t n = fft_.points();
  for (std::size_t e = 0; e < crossovers_hz.size(); ++e) {
    if (!is_needed[e]) continue;
    Edge& edge = edges_[e];
    edge.taps = kernel_of(crossovers_hz[e], 4 * n, sample_rate_hz);
    std::vector<double> kernel(static_cast<std::size_t>(n / 2) + 1, 0.0);
    std::copy(edge.taps.begin(), edge.taps.end(), kernel.begin());
    const std::vector<double> spectrum = even_transform(kernel);
    std::vector<double> response(static_cast<std::size_t>(n));
    for (std::int64_t k = 0; k < n; ++k)
      response[static_cast<std::size_t>(k)] = spectrum[static_cast<std::size_t>(std::min(k, n - k))];
    edge.arranged = fft_.arrange(response);
    for (const double h : spectrum) edge.response.push_back(static_cast<float>(h / static_cast<double>(n)));
  }
}

}  // namespace lathe
