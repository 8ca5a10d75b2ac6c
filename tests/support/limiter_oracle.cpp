#include "tests/support/limiter_oracle.h"

#include <algorithm>
#include <cmath>

namespace lathe::test {

std::vector<double> needed_reduction(std::span<const double> peaks, double gain, double ceiling) {
  std::vector<double> needed;
  for (const double p : peaks) needed.push_back(p > 0 ? std::max(0.0, 1 - ceiling / (gain * p)) : 0.0);
  return needed;
}

double worst_shortfall(std::span<const double> needed, std::span<const float> knots) {
  double worst = -1;
  for (std::size_t g = 0; g < needed.size(); ++g) {
    worst = std::max(worst, needed[g] - std::min<double>(knots[g], knots[g + 1]));
  }
  return worst;
}

std::vector<double> plain_limiter(std::span<const double> needed, double group_ms) {
  std::vector<double> reduction(needed.begin(), needed.end());
  const double attack = 5 / group_ms, left = std::exp(-group_ms / 50);
  for (std::size_t g = 1; g < reduction.size(); ++g) reduction[g] = std::max(reduction[g], reduction[g - 1] * left);
  for (std::size_t g = 0; g < needed.size(); ++g) {
    for (std::size_t back = 1; back < static_cast<std::size_t>(attack) && back <= g && needed[g] > 0; ++back) {
      const double share = 1 - static_cast<double>(back) / attack;
      reduction[g - back] = std::max(reduction[g - back], needed[g] * share);
    }
  }
  return reduction;
}

Signal gained(const Signal& x, double gain, std::span<const float> knots, std::int64_t group) {
  Signal y(x.size());
  for (std::size_t n = 0; n < x.size(); ++n) {
    const std::size_t g = n / static_cast<std::size_t>(group);
    const double share = static_cast<double>(n % static_cast<std::size_t>(group)) / static_cast<double>(group);
    y[n] = x[n] * gain * (1 - (knots[g] * (1 - share) + knots[g + 1] * share));
  }
  return y;
}

}  // namespace lathe::test
