#include "kernels/math/gating.h"

#include <algorithm>
#include <cmath>

#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr double kOffset = -0.691;
constexpr double kAbsoluteGate = -70.0;

double power_of_loudness(double lufs) { return db_to_power(lufs - kOffset); }

// Mean of the powers above a threshold; 0 when there is none.
template <class Keep>
double mean_where(std::span<const double> powers, Keep keep) {
  double sum = 0;
  std::int64_t count = 0;
  for (const double p : powers) {
    if (!keep(p)) continue;
    sum += p;
    ++count;
  }
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

double loudest(const std::vector<double>& powers) {
  return powers.empty() ? loudness_of_power(0) : loudness_of_power(*std::max_element(powers.begin(), powers.end()));
}

}  // namespace

std::int64_t hop_start(std::int64_t hop, double sample_rate_hz) {
  return std::llround(static_cast<double>(hop) * sample_rate_hz / 100.0);
}

double loudness_of_power(double mean_square) { return kOffset + power_to_db(mean_square); }

std::vector<double> window_powers(const HopEnergies& hops, int window_hops, int step_hops) {
  std::vector<double> powers;
  const auto count = static_cast<std::int64_t>(hops.energy.size());
  if (count < window_hops) return powers;
  // Sums of one tenth of the window each, so that a window is ten additions and no error runs along the track.
  const std::int64_t part = window_hops / 10;
  std::vector<double> parts(static_cast<std::size_t>(count - part + 1));
  for (std::int64_t first = 0; first + part <= count; ++first) {
    double sum = 0;
    for (std::int64_t k = first; k < first + part; ++k) sum += hops.energy[static_cast<std::size_t>(k)];
    parts[static_cast<std::size_t>(first)] = sum;
  }
  powers.reserve(static_cast<std::size_t>((count - window_hops) / step_hops + 1));
  for (std::int64_t first = 0; first + window_hops <= count; first += step_hops) {
    double sum = 0;
    for (int i = 0; i < 10; ++i) sum += parts[static_cast<std::size_t>(first + i * part)];
    const std::int64_t frames =
        hop_start(first + window_hops, hops.sample_rate_hz) - hop_start(first, hops.sample_rate_hz);
    powers.push_back(sum / static_cast<double>(frames));
  }
  return powers;
}

double gated_loudness(std::span<const double> block_powers) {
  const double absolute = power_of_loudness(kAbsoluteGate);
  const double mean = mean_where(block_powers, [absolute](double p) { return p > absolute; });
  const double relative = mean * db_to_power(-10.0);
  return loudness_of_power(
      mean_where(block_powers, [absolute, relative](double p) { return p > absolute && p > relative; }));
}

double integrated_loudness(const HopEnergies& hops) { return gated_loudness(window_powers(hops, 40, 10)); }

double max_momentary(const HopEnergies& hops) { return loudest(window_powers(hops, 40, 1)); }

double max_short_term(const HopEnergies& hops) { return loudest(window_powers(hops, 300, 1)); }

double loudness_range(const HopEnergies& hops) {
  HopEnergies padded = hops;
  padded.energy.resize(padded.energy.size() + 150, 0.0);
  const std::vector<double> powers = window_powers(padded, 300, 10);
  const double absolute = power_of_loudness(kAbsoluteGate);
  const double relative = mean_where(powers, [absolute](double p) { return p >= absolute; }) * db_to_power(-20.0);
  std::vector<double> kept;
  for (const double p : powers) {
    if (p >= absolute && p >= relative) kept.push_back(p);
  }
  if (kept.empty()) return 0.0;
  std::sort(kept.begin(), kept.end());
  const auto percentile = [&kept](double share) {
    return kept[static_cast<std::size_t>(std::llround(static_cast<double>(kept.size() - 1) * share))];
  };
  return loudness_of_power(percentile(0.95)) - loudness_of_power(percentile(0.10));
}

}  // namespace lathe
