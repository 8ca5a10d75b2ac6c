#include "kernels/restoration/noise_line.h"

#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

// So many bands in a row that are not bare end the bare ones.
constexpr int kGap = 4;
// Hiss falls by no more than pink noise does, with a little to spare: dB an octave.
constexpr double kSteepest = 3.3;
// Under white noise slopes of up to 0.46 dB an octave were found.
constexpr double kWhite = 0.5, kSteeper = 0.45, kWideOctaves = 0.6;
// A band that lies so much above the ones over it is music; a level so much above the line counts half: dB.
// What music adds to the floors even so (0.2 to 0.4 dB measured under white noise): dB.
constexpr double kLeftByMusic = 0.2;
constexpr double kStep = 0.9, kAbove = 0.3;
constexpr std::size_t kTopBands = 10;
// What a low-pass leaves beside its edge.
constexpr double kEdgeHz = 600;

double octaves(const NoiseSurvey& survey, std::size_t band) {
  return std::log2(survey.centre_hz(static_cast<std::int64_t>(band)) / 10000);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Line fit_line(const NoiseSurvey& survey, std::vector<BandLevel>& levels) {
  Line line;
  const std::size_t bands = levels.size();
  line.end = bands;
  while (line.end > 0 && levels[line.end - 1].most_db < kLeastNoiseDbfs) levels[--line.end].weight = 0;
  line.is_whole_band = line.end == bands;
  std::vector<double> unrest;
  double near_db = 0, near_octaves = 0;  // what was bare last, smoothed
  const auto restart = [&](std::size_t end) {
    line.first = line.end = end;
    line.bare_hz = 0;
    unrest.clear();
  };
  restart(line.end);
  int gap = 0;
  for (std::size_t b = line.end; b-- > 0 && gap < kGap;) {
    // Dense music may lie as still as noise, but it rises over the noise above it.
    const double most_db = near_db + kSteepest * (near_octaves - octaves(survey, b)) + kStep;
    // What a low-pass has left of the noise next to its edge is no floor to go by.
    if (!line.is_whole_band && line.bare_hz < kEdgeHz && levels[b].level_db > most_db) restart(b + 1);
    if (levels[b].weight > 0 && (line.first == line.end || levels[b].level_db < most_db)) {
      const double share = line.first == line.end ? 1 : 0.25;
      near_db += share * (levels[b].level_db - near_db);
      near_octaves += share * (octaves(survey, b) - near_octaves);
      gap = 0;
      line.first = b;
      if (unrest.size() < kTopBands) unrest.push_back(levels[b].unrest_db);
      line.bare_hz += survey.width(b) * survey.bin_hz;
    } else {
      levels[b].weight = 0;
      ++gap;
    }
  }
  for (std::size_t b = line.end; b < bands; ++b) levels[b].weight = 0;
  for (std::size_t b = 0; b < line.first; ++b) levels[b].weight = 0;
  if (line.first == line.end) return line;
  line.unrest_db = std::abs(median(unrest));
  // Levels above the line are music's doing: they count less with each turn.
  double x = 0, y = 0, slope = 0;
  const auto fit = [&](bool is_sloped) {
    for (int turn = 0; turn < 6; ++turn) {
      double sum = 0, sum_x = 0, sum_y = 0, xx = 0, xy = 0;
      const auto weight = [&](std::size_t b) {
        const double above = turn == 0 ? 0 : levels[b].level_db - (y + slope * (octaves(survey, b) - x));
        return levels[b].weight / (1 + (above > 0 ? above * above / (kAbove * kAbove) : 0));
      };
      std::vector<double> weights(bands, 0.0);
      for (std::size_t b = line.first; b < bands; ++b) weights[b] = weight(b);
      for (std::size_t b = line.first; b < bands; ++b) {
        sum += weights[b];
        sum_x += weights[b] * octaves(survey, b);
        sum_y += weights[b] * levels[b].level_db;
      }
      x = sum_x / sum;
      y = sum_y / sum;
      for (std::size_t b = line.first; b < bands; ++b) {
        const double dx = octaves(survey, b) - x;
        xx += weights[b] * dx * dx;
        xy += weights[b] * dx * (levels[b].level_db - y);
      }
      if (is_sloped) slope = xx > 0 ? xy / xx : 0;
    }
  };
  fit(true);
  // Music leaves the lower end of what is bare a little higher, so slopes come out too steep, by about kSteeper up to
  // two octaves; and what is seen over less than kWideOctaves is believed in part.
  const double range = octaves(survey, line.end - 1) - octaves(survey, line.first);
  const double steeper = kSteeper * std::min(1.0, 4 / (range * range));
  const double kept = std::max(std::abs(slope) - steeper, 0.0) * std::min(1.0, range / kWideOctaves);
  // What is nearly white is taken for white.
  const double white = std::clamp((kept - kWhite) / kWhite, 0.0, 1.0);
  line.slope = slope = std::copysign(std::min(kept * white, kSteepest), slope);
  fit(false);
  line.level_db = y - line.slope * x;
  line.top_dbfs = line.at(octaves(survey, line.end - 1));
  return line;
}

std::vector<double> noise_curve(const NoiseSurvey& survey, const std::vector<BandLevel>& levels, const Line& line) {
  // Two bands that lie quite bare weigh as much: what music leaves beside them bends the curve little.
  constexpr double kWeightOfLine = 100.0;
  constexpr std::int64_t kReach = 4;
  const auto bands = static_cast<std::int64_t>(levels.size());
  std::vector<double> out(levels.size());
  for (std::int64_t b = 0; b < bands; ++b) {
    double sum = 0, weights = kWeightOfLine;
    for (std::int64_t i = std::max<std::int64_t>(b - kReach, 0); i <= std::min(b + kReach, bands - 1); ++i) {
      const auto& level = levels[static_cast<std::size_t>(i)];
      sum += level.weight * (level.level_db - line.at(octaves(survey, static_cast<std::size_t>(i))));
      weights += level.weight;
    }
    const auto at = static_cast<std::size_t>(b);
    out[at] = std::pow(
        10.0, 0.1 * (std::min(line.at(octaves(survey, at)) + sum / weights, levels[at].most_db) - kLeftByMusic));
  }
  return out;
}

}  // namespace lathe
