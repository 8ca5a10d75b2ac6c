#include "kernels/restoration/upper_normal.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace lathe {
namespace {

constexpr double kFrom = -12, kTo = 12, kPerUnit = 64;

}  // namespace

UpperNormal::UpperNormal() {
  const auto count = static_cast<std::size_t>((kTo - kFrom) * kPerUnit) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const double alpha = kFrom + static_cast<double>(i) / kPerUnit;
    const double density = std::exp(-0.5 * alpha * alpha) / std::sqrt(2 * std::numbers::pi);
    hazards_.push_back(density / (0.5 * std::erfc(alpha / std::numbers::sqrt2)));
  }
}

double UpperNormal::hazard(double alpha) const {
  if (!(alpha > kFrom)) return 0;
  if (alpha >= kTo) {
    const double r = 1 / (alpha * alpha);
    return alpha * (1 + r * (1 - r * (2 - r * (10 - r * 74))));
  }
  const double place = (alpha - kFrom) * kPerUnit;
  const auto i = std::min(static_cast<std::size_t>(place), hazards_.size() - 2);
  const double t = place - static_cast<double>(i), x0 = kFrom + static_cast<double>(i) / kPerUnit;
  const double h0 = hazards_[i], h1 = hazards_[i + 1];
  const double d0 = h0 * (h0 - x0) / kPerUnit, d1 = h1 * (h1 - x0 - 1 / kPerUnit) / kPerUnit;
  const double c2 = 3 * (h1 - h0) - 2 * d0 - d1, c3 = 2 * (h0 - h1) + d0 + d1;
  return h0 + t * (d0 + t * (c2 + t * c3));
}

Moments UpperNormal::above(double limit, double mean, double deviation) const {
  const double alpha = (limit - mean) / deviation, h = hazard(alpha);
  return {mean + deviation * h, deviation * deviation * std::clamp(1 - h * (h - alpha), 1e-6, 1.0)};
}

}  // namespace lathe
