#include "kernels/restoration/noise_floor.h"

#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr double kLeast = 1e-24;

// The value that `share` of the first `*end` powers are below, which are then all that lie before *end.
double level_db(std::vector<float>& powers, std::size_t& end, double share, double shape, double normal_quantile) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(powers.size() - 1));
  const auto first = powers.begin(), nth = first + static_cast<std::ptrdiff_t>(at);
  std::nth_element(first, nth, first + static_cast<std::ptrdiff_t>(end));
  end = at + 1;
  return 10 * std::log10(std::max(static_cast<double>(*nth) / gamma_quantile(shape, normal_quantile), kLeast));
}

}  // namespace

double gamma_quantile(double shape, double normal_quantile) {
  const double root = 1 - 1 / (9 * shape) + normal_quantile / (3 * std::sqrt(shape));
  return std::max(root * root * root, 1e-3);
}

double independent_bins(double width) {
  // Powers of neighbours are correlated by 4/9, of the next by 1/36.
  return width * width / (width + 2 * (width - 1) * 4 / 9 + 2 * std::max(width - 2, 0.0) / 36);
}

BandFloor floor_of(std::vector<float>& powers, double width) {
  BandFloor floor;
  if (powers.empty()) return floor;
  const double shape = independent_bins(width);
  std::size_t end = powers.size();
  floor.at_20_percent = level_db(powers, end, 0.20, shape, -0.8416);
  floor.at_5_percent = level_db(powers, end, 0.05, shape, -1.6449);
  floor.at_2_percent = level_db(powers, end, 0.02, shape, -2.0537);
  return floor;
}

}  // namespace lathe
