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

double loudness_of_power(double mean_square) { return kOffset + power_to_db(mean_square); }

std::vector<double> window_powers(const HopEnergies& hops, int window_hops, int step_hops) {
  std::vector<double> powers;
  const auto count = static_cast<std::int64_t>(hops.energy.size());
  if (count < window_hops) return powers;
  // A window is a sum of runs of 1, 2, 4 ... hops, and those are made of each other: few additions, and no error runs
  // along the track as it would with a running sum.
  std::vector<double> runs = hops.energy, sums(static_cast<std::size_t>(count - window_hops + 1), 0.0);
  std::int64_t covered = 0;
  for (std::int64_t length = 1; length <= window_hops; length *= 2) {
    if ((window_hops & length) != 0) {
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += runs[k + static_cast<std::size_t>(covered)];
      covered += length;
    }
    const auto next = static_cast<std::size_t>(std::max<std::int64_t>(0, count - 2 * length + 1));
    for (std::size_t k = 0; k < next; ++k) runs[k] += runs[k + static_cast<std::size_t>(length)];
  }
  const double rate = hops.sample_rate_hz;
  const bool is_even = std::fmod(rate, 100.0) == 0;  // every hop has the same number of frames
  powers.reserve(sums.size() / static_cast<std::size_t>(step_hops) + 1);
  for (std::int64_t first = 0; first + window_hops <= count; first += step_hops) {
    const double frames = is_even ? window_hops * (rate / 100.0)
                                  : static_cast<double>(hop_start(first + window_hops, rate) - hop_start(first, rate));
    powers.push_back(sums[static_cast<std::size_t>(first)] / frames);
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

std::vector<double> range_powers(const HopEnergies& hops) {
  HopEnergies padded = hops;
  padded.energy.resize(padded.energy.size() + 150, 0.0);
  return window_powers(padded, 300, 10);
}

double gated_range(std::span<const double> short_term_powers) {
  const double absolute = power_of_loudness(kAbsoluteGate);
  const double relative =
      mean_where(short_term_powers, [absolute](double p) { return p >= absolute; }) * db_to_power(-20.0);
  std::vector<double> kept;
  kept.reserve(short_term_powers.size());
  for (const double p : short_term_powers) {
    if (p >= absolute && p >= relative) kept.push_back(p);
  }
  if (kept.empty()) return 0.0;
  std::sort(kept.begin(), kept.end());
  const auto percentile = [&kept](double share) {
    return kept[static_cast<std::size_t>(std::llround(static_cast<double>(kept.size() - 1) * share))];
  };
  return loudness_of_power(percentile(0.95)) - loudness_of_power(percentile(0.10));
}

double loudness_range(const HopEnergies& hops) { return gated_range(range_powers(hops)); }

}  // namespace lathe
