#include "host/audit/loudness_series.h"

#include <algorithm>

#include "kernels/math/gating.h"

namespace lathe {
namespace {

// Steps of 100 ms in a window of 400 ms and of 3 s.
constexpr std::size_t kMomentarySteps = 4, kShortTermSteps = 30;

// Value k ends at (k + 1) * 100 ms: the first window ends where it fits.
std::vector<float> levels_of(const std::vector<float>& powers, std::size_t window_steps, std::size_t steps) {
  std::vector<float> levels(steps, static_cast<float>(loudness_of_power(0)));
  for (std::size_t k = 0; k < powers.size() && window_steps - 1 + k < steps; ++k)
    levels[window_steps - 1 + k] = static_cast<float>(loudness_of_power(static_cast<double>(powers[k])));
  return levels;
}

}  // namespace

LoudnessSeries series_of(const PooledPowers& powers) {
  if (powers.blocks.empty()) return {};
  const std::size_t steps = powers.blocks.size() + kMomentarySteps - 1;
  return {0.1, levels_of(powers.blocks, kMomentarySteps, steps), levels_of(powers.short_term, kShortTermSteps, steps)};
}

}  // namespace lathe
