#include "kernels/tonal_balance/ridge_grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/math/portable_log.h"

namespace lathe {
namespace {

constexpr double kHalfWidth_oct = 1.0 / 24;
constexpr double kLeastBins = 2;
// What stands for no power: below the rounding of any format.
constexpr double kNoPower = 1e-30;
constexpr double kDbOfLog = 4.342944819032518;  // 10 / ln 10

}  // namespace

RidgeGrid::RidgeGrid(double from_hz, double to_hz, double bin_hz, std::int64_t bins)
    : lowest_hz_(from_hz * std::exp2(-static_cast<double>(kFar) / kPerOctave)) {
  const double top_hz = 0.95 * bin_hz * static_cast<double>(bins - 1);
  const double end_hz = to_hz * std::exp2(static_cast<double>(kFar) / kPerOctave + 1e-9);
  for (int i = 0;; ++i) {
    const double hz = lowest_hz_ * std::exp2(static_cast<double>(i) / kPerOctave);
    const double half_width = std::max(kHalfWidth_oct, std::log2(1 + kLeastBins * bin_hz / hz));
    const double ratio = std::exp2(half_width);
    if (hz > end_hz || hz * ratio > top_hz) break;
    Point point{static_cast<std::int64_t>(std::max(1.0, std::ceil(hz / ratio / bin_hz))), {}};
    double sum = 0;
    for (std::int64_t k = point.first_bin; static_cast<double>(k) * bin_hz < hz * ratio; ++k) {
      const double u = std::log2(static_cast<double>(k) * bin_hz / hz) / half_width;
      point.weights.push_back(0.5 + 0.5 * std::cos(std::numbers::pi * u));
      sum += point.weights.back();
    }
    for (double& w : point.weights) w /= sum;
    points_.push_back(std::move(point));
  }
}

double RidgeGrid::hz_at(double place) const { return lowest_hz_ * std::exp2((place + kFar) / kPerOctave); }

template <class Number>
void RidgeGrid::prominence(const Number* power, std::int64_t stride, std::vector<double>& levels,
                           std::vector<double>& to) const {
  levels.resize(points_.size());
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const Number* from = power + points_[i].first_bin * stride;
    double sum = 0;
    for (const double w : points_[i].weights) {
      sum += w * static_cast<double>(*from);
      from += stride;
    }
    levels[i] = kDbOfLog * portable_log(std::max(sum, kNoPower));
  }
  to.resize(static_cast<std::size_t>(size()));
  for (std::size_t i = 0; i < to.size(); ++i) {
    double around = 0;
    for (std::size_t d = kNear; d <= kFar; ++d) around += levels[i + kFar - d] + levels[i + kFar + d];
    to[i] = levels[i + kFar] - around / (2 * (kFar - kNear + 1));
  }
}

template void RidgeGrid::prominence(const float*, std::int64_t, std::vector<double>&, std::vector<double>&) const;
template void RidgeGrid::prominence(const double*, std::int64_t, std::vector<double>&, std::vector<double>&) const;

}  // namespace lathe
