#include "tests/support/loudness_oracle.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "kernels/math/k_weighting.h"

namespace lathe::test {
namespace {

// BS.1770-5 Annex 1, tables 1 and 2.
constexpr FilterStage kShelf48 = {1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241,
                                  0.73248077421585};
constexpr FilterStage kHighPass48 = {1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621};

FilterStage stage_of(const Biquad& q) { return {q.b0, q.b1, q.b2, q.a1, q.a2}; }

std::complex<double> response(const FilterStage& q, double frequency_hz, double sample_rate_hz) {
  const std::complex<double> z1 = std::polar(1.0, -2 * std::numbers::pi * frequency_hz / sample_rate_hz);
  return (q.b0 + z1 * (q.b1 + z1 * q.b2)) / (1.0 + z1 * (q.a1 + z1 * q.a2));
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
  if (sample_rate_hz == 48000) return {kShelf48, kHighPass48};
  const std::array<Biquad, 2> fitted = k_weighting(sample_rate_hz);
  return {stage_of(fitted[0]), stage_of(fitted[1])};
}

double k_weighting_gain_oracle(double frequency_hz) {
  return std::abs(response(kShelf48, frequency_hz, 48000) * response(kHighPass48, frequency_hz, 48000));
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
