#include "tests/support/loudness_oracle.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

namespace lathe::test {
namespace {

// BS.1770-5 Annex 1, tables 1 and 2.
constexpr FilterStage kShelf48 = {1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241,
                                  0.73248077421585};
constexpr FilterStage kHighPass48 = {1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621};

// c0 + c1 z^-1 + c2 z^-2 with z^-1 = (1 - s) / (1 + s), times (1 + s)^2: coefficients of s^0, s^1, s^2. The same map
// takes s back to z^-1.
std::array<double, 3> bilinear(double c0, double c1, double c2) { return {c0 + c1 + c2, 2 * (c0 - c2), c0 - c1 + c2}; }

FilterStage at_rate(const FilterStage& table, double sample_rate_hz) {
  const auto b = bilinear(table.b0, table.b1, table.b2), a = bilinear(1.0, table.a1, table.a2);
  const double corner = std::sqrt(a[0] / a[2]);  // tan(pi f0 / 48000)
  const double scale = corner / std::tan(std::atan(corner) * 48000.0 / sample_rate_hz);
  const auto digital_b = bilinear(b[0], b[1] * scale, b[2] * scale * scale);
  const auto digital_a = bilinear(a[0], a[1] * scale, a[2] * scale * scale);
  return {digital_b[0] / digital_a[0], digital_b[1] / digital_a[0], digital_b[2] / digital_a[0],
          digital_a[1] / digital_a[0], digital_a[2] / digital_a[0]};
}

// One stage in direct form, a sample at a time.
class Filter {
 public:
  explicit Filter(const FilterStage& q) : q_(q) {}

  double operator()(double x) {
    const double y = q_.b0 * x + q_.b1 * x1_ + q_.b2 * x2_ - q_.a1 * y1_ - q_.a2 * y2_;
    x2_ = x1_;
    x1_ = x;
    y2_ = y1_;
    y1_ = y;
    return y;
  }

 private:
  FilterStage q_;
  double x1_ = 0, x2_ = 0, y1_ = 0, y2_ = 0;
};

double loudness(double power) { return -0.691 + 10 * std::log10(power); }

// Mean of the blocks louder than `gate` LUFS.
double mean_above(const std::vector<double>& blocks, double gate) {
  double sum = 0;
  int count = 0;
  for (const double z : blocks) {
    if (z > 0 && loudness(z) > gate) {
      sum += z;
      ++count;
    }
  }
  return count == 0 ? 0 : sum / count;
}

}  // namespace

std::array<FilterStage, 2> k_weighting_oracle(double sample_rate_hz) {
  FilterStage high_pass = at_rate(kHighPass48, sample_rate_hz);
  const double between = std::sqrt(kHighPass48.b0 / high_pass.b0);
  high_pass.b0 *= between;
  high_pass.b1 *= between;
  high_pass.b2 *= between;
  return {at_rate(kShelf48, sample_rate_hz), high_pass};
}

double k_weighting_gain_oracle(double frequency_hz, double sample_rate_hz) {
  const std::complex<double> z1 = std::polar(1.0, -2 * std::numbers::pi * frequency_hz / sample_rate_hz);
  std::complex<double> h = 1;
  for (const FilterStage& q : k_weighting_oracle(sample_rate_hz))
    h *= (q.b0 + z1 * (q.b1 + z1 * q.b2)) / (1.0 + z1 * (q.a1 + z1 * q.a2));
  return std::abs(h);
}

Signal k_weighted(const Signal& x, double sample_rate_hz) {
  const auto stages = k_weighting_oracle(sample_rate_hz);
  Filter shelf(stages[0]), high_pass(stages[1]);
  Signal y;
  y.reserve(x.size());
  for (const double v : x) y.push_back(high_pass(shelf(v)));
  return y;
}

double integrated_loudness_oracle(const std::vector<Signal>& channels, const std::vector<double>& weights,
                                  double sample_rate_hz) {
  const auto frames = static_cast<std::int64_t>(channels.front().size());
  std::vector<double> blocks;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Signal y = k_weighted(channels[c], sample_rate_hz);
    for (std::size_t j = 0;; ++j) {
      const std::int64_t first = std::llround(0.1 * static_cast<double>(j) * sample_rate_hz);
      const std::int64_t end = std::llround(0.1 * static_cast<double>(j + 4) * sample_rate_hz);
      if (end > frames) break;
      double sum = 0;
      for (std::int64_t n = first; n < end; ++n) sum += y[static_cast<std::size_t>(n)] * y[static_cast<std::size_t>(n)];
      if (blocks.size() <= j) blocks.push_back(0);
      blocks[j] += weights[c] * sum / static_cast<double>(end - first);
    }
  }
  const double mean = mean_above(blocks, -70);
  if (mean == 0) return -std::numeric_limits<double>::infinity();
  return loudness(mean_above(blocks, std::max(-70.0, loudness(mean) - 10)));
}

}  // namespace lathe::test
