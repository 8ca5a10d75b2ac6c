#include "tests/support/tonal_oracle.h"

#include <cmath>
#include <complex>
#include <numbers>

#include "kernels/fft/real_fft_double.h"
#include "kernels/math/k_weighting.h"

namespace lathe::test {
namespace {

constexpr double kPi = std::numbers::pi;

// Power of each bin of one windowed segment, both signs of a frequency together, adding up to the mean square.
std::vector<double> segment_power(const Signal& x, std::int64_t first, std::int64_t points) {
  std::vector<std::complex<double>> z(static_cast<std::size_t>(points));
  double window_power = 0;
  for (std::int64_t n = 0; n < points; ++n) {
    const double w = 0.5 - 0.5 * std::cos(2 * kPi * static_cast<double>(n) / static_cast<double>(points));
    window_power += w * w;
    z[static_cast<std::size_t>(n)] = w * x[static_cast<std::size_t>(first + n)];
  }
  fft_double(z);
  std::vector<double> power(static_cast<std::size_t>(points / 2 + 1));
  for (std::size_t k = 0; k < power.size(); ++k) {
    const double sides = k == 0 || k + 1 == power.size() ? 1 : 2;
    power[k] = sides * std::norm(z[k]) / (static_cast<double>(points) * window_power);
  }
  return power;
}

}  // namespace

LongTermOracle long_term_oracle(const std::vector<Signal>& channels, double rate_hz, std::int64_t points) {
  const auto bins = static_cast<std::size_t>(points / 2 + 1);
  const auto sections = k_weighting(rate_hz);
  struct Segment {
    std::vector<double> power, side;
    double weighted = 0;
  };
  std::vector<Segment> segments;
  for (std::int64_t first = 0; first + points <= std::ssize(channels[0]); first += points / 2) {
    Segment segment{std::vector<double>(bins, 0.0), {}, 0};
    for (const Signal& channel : channels) {
      const std::vector<double> one = segment_power(channel, first, points);
      for (std::size_t k = 0; k < bins; ++k) segment.power[k] += one[k] / static_cast<double>(channels.size());
    }
    if (channels.size() == 2) {
      Signal side(channels[0].size());
      for (std::size_t n = 0; n < side.size(); ++n) side[n] = (channels[0][n] - channels[1][n]) / 2;
      segment.side = segment_power(side, first, points);
    }
    for (std::size_t k = 0; k < bins; ++k) {
      const double f = static_cast<double>(k) * rate_hz / static_cast<double>(points);
      const double h = magnitude(sections[0], f, rate_hz) * magnitude(sections[1], f, rate_hz);
      segment.weighted += h * h * segment.power[k] * static_cast<double>(channels.size());
    }
    segments.push_back(std::move(segment));
  }
  const auto loudness = [](double power) { return -0.691 + 10 * std::log10(power); };
  double sum = 0;
  int count = 0;
  for (const Segment& segment : segments) {
    if (loudness(segment.weighted) < -70) continue;
    sum += segment.weighted;
    ++count;
  }
  LongTermOracle result{std::vector<double>(bins, 0.0), std::vector<double>(channels.size() == 2 ? bins : 0, 0.0), 0};
  for (const Segment& segment : segments) {
    if (loudness(segment.weighted) < -70 || loudness(segment.weighted) < loudness(sum / count) - 10) continue;
    ++result.loud_segments;
    for (std::size_t k = 0; k < bins; ++k) {
      result.power[k] += segment.power[k];
      if (!result.side.empty()) result.side[k] += segment.side[k];
    }
  }
  for (double& p : result.power) p /= static_cast<double>(result.loud_segments);
  for (double& p : result.side) p /= static_cast<double>(result.loud_segments);
  return result;
}

double density_oracle(const std::vector<double>& power, double bin_hz, double frequency_hz) {
  const double half_width = std::max(1.0 / 6, std::log2(1 + 2 * bin_hz / frequency_hz));
  double sum = 0, weights = 0;
  for (std::size_t k = 1; k < power.size(); ++k) {
    const double octaves = std::log2(static_cast<double>(k) * bin_hz / frequency_hz);
    if (std::abs(octaves) >= half_width) continue;
    const double w = 0.5 * (1 + std::cos(kPi * octaves / half_width));
    sum += w * power[k] / bin_hz;
    weights += w;
  }
  return sum / weights;
}

double third_octave_power(const std::vector<double>& power, double bin_hz, double frequency_hz) {
  double sum = 0;
  for (std::size_t k = 0; k < power.size(); ++k) {
    const double f = static_cast<double>(k) * bin_hz;
    if (f >= frequency_hz * std::exp2(-1.0 / 6) && f < frequency_hz * std::exp2(1.0 / 6)) sum += power[k];
  }
  return sum;
}

}  // namespace lathe::test
