#include "kernels/restoration/pair_weights.h"

#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

// Far below what 24 bits hold: where there is no noise, nothing is weighed down.
constexpr double kLeastPower = 1e-24;
// Of the noise, in a turned channel where both channels' cancels out.
constexpr double kLeastShare = 1e-3;

}  // namespace

PairWeights::PairWeights(const DenoiseTransform& transform, const PairNoise& noise,
                         const std::vector<double>& share_of_bin) {
  const auto bins = static_cast<std::size_t>(transform.bins());
  const auto is_weighed = [](double s) { return s > 0; };
  first_bin = std::find_if(share_of_bin.begin(), share_of_bin.end(), is_weighed) - share_of_bin.begin();
  last_bin = share_of_bin.rend() - std::find_if(share_of_bin.rbegin(), share_of_bin.rend(), is_weighed);
  share = AlignedArray<float>(bins);
  for (std::size_t k = 0; k < bins; ++k) share[k] = static_cast<float>(share_of_bin[k]);
  cos = AlignedArray<float>(bins);
  sin = AlignedArray<float>(bins);
  for (int c = 0; c < 2; ++c) {
    white[c] = AlignedArray<float>(bins);
    scale[c] = AlignedArray<float>(bins);
    for (std::size_t k = 0; k < bins; ++k) {
      const double power = std::max(noise.power[c][k], kLeastPower) * transform.window_power();
      white[c][k] = static_cast<float>(1 / std::sqrt(power));
    }
  }
  for (std::size_t k = 0; k < bins; ++k) {
    cos[k] = static_cast<float>(std::cos(noise.angle[k]));
    sin[k] = static_cast<float>(std::sin(noise.angle[k]));
    const double shared = noise.correlation * std::sin(2 * noise.angle[k]);
    scale[0][k] = static_cast<float>(1 / std::max(1 + shared, kLeastShare));
    scale[1][k] = static_cast<float>(1 / std::max(1 - shared, kLeastShare));
  }
}

}  // namespace lathe
