#include "kernels/inspection/band_limit.h"

#include <algorithm>
#include <cmath>

#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr std::size_t kBinsABand = 8;
constexpr std::size_t kSideBands = 6;
// Of a band without any power: below all that float32 can tell.
constexpr double kNothingDbHz = -260;
constexpr double kFootDb = 6;
// The last bands hold what the window smears around half the sample rate.
constexpr std::size_t kTopBands = 2;

double mean(const std::vector<double>& levels, std::size_t from, std::size_t to) {
  double sum = 0;
  for (std::size_t b = from; b < to; ++b) sum += levels[b];
  return sum / static_cast<double>(to - from);
}

// dBFS per hertz, the mean of the channels.
std::vector<double> band_levels(const Spectrum& spectrum) {
  std::vector<double> levels;
  const std::size_t bins = spectrum.powers.front().size() - 1;
  for (std::size_t first = 0; first < bins; first += kBinsABand) {
    double power = 0;
    for (const std::vector<double>& channel : spectrum.powers) {
      for (std::size_t k = first; k < first + kBinsABand; ++k) power += channel[k];
    }
    levels.push_back(
        std::max(power_to_db(power / (kBinsABand * spectrum.bin_hz * static_cast<double>(spectrum.powers.size()))),
                 kNothingDbHz));
  }
  return levels;
}

}  // namespace

std::optional<BandLimit> find_band_limit(const Spectrum& spectrum, double from_hz, double to_hz, double transition_hz) {
  if (spectrum.powers.empty()) return std::nullopt;
  const std::vector<double> levels = band_levels(spectrum);
  const double band_hz = kBinsABand * spectrum.bin_hz;
  const auto gap = static_cast<std::size_t>(std::ceil(transition_hz / band_hz));
  const std::size_t end = levels.size() - kTopBands;
  std::optional<BandLimit> steepest;
  for (std::size_t edge = kSideBands; edge + gap + kSideBands <= end; ++edge) {
    const double cutoff_hz = static_cast<double>(edge) * band_hz;
    if (cutoff_hz < from_hz || cutoff_hz > to_hz) continue;
    const double below = mean(levels, edge - kSideBands, edge);
    const double wall = below - mean(levels, edge + gap, edge + gap + kSideBands);
    if (below <= kNothingDbHz || (steepest && wall <= steepest->wall_db)) continue;
    const double floor = mean(levels, edge + gap, end);
    std::size_t foot = edge;
    while (foot < edge + gap && levels[foot] > floor + kFootDb) ++foot;
    steepest = {cutoff_hz, static_cast<double>(foot) * band_hz, wall, floor};
  }
  return steepest;
}

}  // namespace lathe
