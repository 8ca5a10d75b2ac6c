#include "kernels/restoration/noise_estimate.h"

#include <algorithm>
#include <cmath>

#include "kernels/restoration/noise_floor.h"
#include "kernels/restoration/noise_line.h"

namespace lathe {
namespace {

constexpr double kLeast = 1e-24;
// A frame below this is digital silence, not a look at the noise.
constexpr double kSilence = 1e-11;

double db(double power) { return 10 * std::log10(std::max(power, kLeast)); }
double power_of(double level_db) { return std::pow(10.0, level_db / 10); }

std::size_t bands_of(const NoiseSurvey& survey) { return static_cast<std::size_t>(survey.bands()); }

// Row `band` of a table of the survey.
const float* row(const NoiseSurvey& survey, const std::vector<float>& table, std::size_t band) {
  return table.data() + static_cast<std::int64_t>(band) * survey.frames;
}

// The channels of a pair and their difference over sqrt(2): independent noise is as strong there, and music that is in
// both is not there.
struct Rows {
  const NoiseSurvey& survey;
  std::size_t pair;
  bool is_pair;

  double power(int which, std::size_t band, std::int64_t frame) const {
    const auto value = [&](std::size_t c) { return static_cast<double>(row(survey, survey.powers[c], band)[frame]); };
    if (which < 2) return value(2 * pair + static_cast<std::size_t>(which));
    const double product = static_cast<double>(row(survey, survey.products[pair], band)[frame]);
    return std::max(0.5 * (value(2 * pair) + value(2 * pair + 1)) - product, 0.0);
  }
};

std::vector<double> angles(const Rows& rows, const std::vector<double> (&noise)[2]) {
  const NoiseSurvey& survey = rows.survey;
  std::vector<double> angle(bands_of(survey), 0.0);
  if (!rows.is_pair) return angle;
  for (std::size_t b = 0; b < angle.size(); ++b) {
    double aa = 0, bb = 0, ab = 0;
    for (std::int64_t n = 0; n < survey.frames; ++n) {
      aa += rows.power(0, b, n);
      bb += rows.power(1, b, n);
      ab += static_cast<double>(row(survey, survey.products[rows.pair], b)[n]);
    }
    const double na = std::max(noise[0][b], kLeast), nb = std::max(noise[1][b], kLeast);
    angle[b] = 0.5 * std::atan2(2 * ab / std::sqrt(na * nb), aa / na - bb / nb);
  }
  return angle;
}

std::vector<std::int64_t> sounding_frames(const Rows& rows) {
  std::vector<std::int64_t> frames;
  for (std::int64_t n = 0; n < rows.survey.frames; ++n) {
    double sum = 0;
    for (std::size_t b = 0; b < bands_of(rows.survey); ++b) {
      sum += rows.power(0, b, n);
      if (rows.is_pair) sum += rows.power(1, b, n);
    }
    if (sum > kSilence) frames.push_back(n);
  }
  return frames;
}

// A band where the floor lies bare enough: its shares differ by no more.
constexpr double kBareRise = 1.2;

struct Floors {
  std::vector<BandFloor> of[3];  // the channels and their difference
  double ratio_db = 0;           // by how much the first channel's noise is stronger
  double correlation = 0;

  // The mean noise of both channels as seen in floor `which`.
  double as_mean(int which, double level) const {
    const double ratio = power_of(ratio_db);
    if (which == 0) return level + 10 * std::log10((1 + 1 / ratio) / 2);
    if (which == 1) return level + 10 * std::log10((1 + ratio) / 2);
    return level;
  }
};

Floors find_floors(const Rows& rows, const std::vector<std::int64_t>& frames) {
  Floors floors;
  std::vector<float> powers(frames.size());
  for (int which = 0; which < (rows.is_pair ? 3 : 1); ++which) {
    for (std::size_t b = 0; b < bands_of(rows.survey); ++b) {
      for (std::size_t i = 0; i < frames.size(); ++i) powers[i] = static_cast<float>(rows.power(which, b, frames[i]));
      floors.of[which].push_back(floor_of(powers, rows.survey.width(b)));
    }
  }
  if (!rows.is_pair) return floors;
  std::vector<double> ratios, shares;
  for (std::size_t b = 0; b < bands_of(rows.survey); ++b) {
    const BandFloor &left = floors.of[0][b], &right = floors.of[1][b], &difference = floors.of[2][b];
    if (rows.survey.centre_hz(static_cast<std::int64_t>(b)) < 2000) continue;
    if (left.rise() > kBareRise || right.rise() > kBareRise) continue;
    ratios.push_back(left.level() - right.level());
    const double mean = 0.5 * (power_of(left.level()) + power_of(right.level()));
    shares.push_back(power_of(difference.level()) / std::max(mean, kLeast));
  }
  floors.ratio_db = std::abs(median(ratios)) > 0.3 ? median(ratios) : 0;
  const double correlation = shares.size() < 4 ? 0 : 1 - median(shares);
  floors.correlation = std::abs(correlation) > 0.2 ? std::clamp(correlation, -1.0, 1.0) : 0;
  return floors;
}

// The mean noise of both channels in each band, from the floors that music hides least.
std::vector<BandLevel> levels_of(const Floors& floors, std::size_t bands) {
  std::vector<BandLevel> levels(bands);
  for (std::size_t b = 0; b < bands; ++b) {
    double sum = 0, weights = 0, least_rise = 100;
    levels[b].most_db = 400;
    for (int which = 0; which < 3; ++which) {
      if (floors.of[which].empty() || (which == 2 && floors.correlation != 0)) continue;
      const BandFloor& floor = floors.of[which][b];
      const double rise = std::max(floor.rise(), 0.0);
      const double weight = std::pow(0.1 + rise, -3.0);
      sum += weight * floors.as_mean(which, floor.level());
      weights += weight;
      if (rise < least_rise) levels[b].unrest_db = floor.at_20_percent - floor.at_2_percent;
      least_rise = std::min(least_rise, rise);
      levels[b].most_db = std::min(levels[b].most_db, floors.as_mean(which, floor.at_5_percent));
    }
    levels[b].level_db = sum / weights;
    levels[b].weight = least_rise < kBareRise ? 1 / (0.02 + least_rise * least_rise) : 0;
  }
  return levels;
}

double programme_power(const NoiseSurvey& survey) {
  double sum = 0;
  for (const auto& powers : survey.powers) {
    for (std::size_t b = 0; b < bands_of(survey); ++b) {
      const float* values = row(survey, powers, b);
      double band = 0;
      for (std::int64_t n = 0; n < survey.frames; ++n) band += static_cast<double>(values[n]);
      sum += band * survey.width(b);
    }
  }
  // Of white noise of variance 1 each bin has 1.
  const double bins = survey.edges.back();
  return sum / (bins * static_cast<double>(survey.frames) * static_cast<double>(survey.powers.size()));
}

}  // namespace

NoiseEstimate estimate_noise(const NoiseSurvey& track) {
  // Found: a floor bare over so much of the top, so strong beside the programme.
  // And still: hiss under music has an unrest of 0.1 dB up there, noise that wanders with the programme over 1 dB.
  // Below where a track ends (a coder's low-pass), more is asked of a floor.
  constexpr double kBareHz = 1200, kBesideProgrammeDb = -46, kUnrestDb = 0.6, kBareHzBelow = 3000, kBelowDb = 6;
  constexpr std::size_t kFrames = 64;
  NoiseEstimate out;
  out.programme_dbfs = db(programme_power(track));
  double noise = 0, noise_bins = 0;
  for (std::size_t p = 0; p < track.products.size(); ++p) {
    const Rows rows{track, p, 2 * p + 1 < track.powers.size()};
    PairEstimate pair;
    const auto frames = sounding_frames(rows);
    if (frames.empty()) {
      for (int c = 0; c < 2; ++c) pair.power[c].assign(bands_of(track), 0.0);
      pair.angle.assign(bands_of(track), 0.0);
      out.pairs.push_back(pair);
      continue;
    }
    const Floors floors = find_floors(rows, frames);
    auto levels = levels_of(floors, bands_of(track));
    const Line line = fit_line(track, levels);
    std::vector<double> mean = noise_curve(track, levels, line);
    if (line.bare_hz == 0) std::fill(mean.begin(), mean.end(), 0.0);
    const double ratio = power_of(floors.ratio_db);
    for (int c = 0; c < (rows.is_pair ? 2 : 1); ++c) {
      pair.power[c] = mean;
      for (double& v : pair.power[c]) v *= (c == 0 ? ratio : 1) * 2 / (1 + ratio);
    }
    pair.correlation = floors.correlation;
    pair.bare_hz = line.bare_hz;
    pair.top_dbfs = line.top_dbfs;
    pair.unrest_db = line.unrest_db;
    pair.slope_db_octave = line.slope;
    pair.angle = angles(rows, pair.power);
    const double beside = line.top_dbfs - out.programme_dbfs;
    const double bare_hz = line.is_whole_band ? kBareHz : kBareHzBelow;
    if (line.bare_hz >= bare_hz && line.top_dbfs > kLeastNoiseDbfs && frames.size() >= kFrames) {
      const double least = kBesideProgrammeDb + (line.is_whole_band ? 0 : kBelowDb);
      const double is_loud = 1 / (1 + std::exp(-(beside - least) * 0.5));
      const double is_still = 1 / (1 + std::exp((line.unrest_db - kUnrestDb) * 10));
      out.confidence = std::max(out.confidence, std::min(is_loud, is_still));
    }
    for (std::size_t b = 0; b < bands_of(track); ++b) {
      noise += mean[b] * track.width(b);
      noise_bins += track.width(b);
    }
    out.pairs.push_back(std::move(pair));
  }
  out.noise_dbfs = db(noise / std::max(noise_bins, 1.0));
  out.is_found = out.confidence > 0.5;
  return out;
}

NoiseEstimate measure_noise(const NoiseSurvey& track, const NoiseSurvey& alone) {
  NoiseEstimate out;
  for (std::size_t p = 0; p < track.products.size(); ++p) {
    const Rows rows{track, p, 2 * p + 1 < track.powers.size()}, noise{alone, p, rows.is_pair};
    PairEstimate pair;
    double sums[3] = {};
    for (int c = 0; c < (rows.is_pair ? 3 : 1); ++c) {
      for (std::size_t b = 0; b < bands_of(alone); ++b) {
        double sum = 0;
        for (std::int64_t n = 0; n < alone.frames; ++n) sum += noise.power(c, b, n);
        sums[c] += sum;
        if (c < 2) pair.power[c].push_back(sum / static_cast<double>(alone.frames));
      }
    }
    const double correlation = rows.is_pair && sums[0] + sums[1] > 0 ? 1 - 2 * sums[2] / (sums[0] + sums[1]) : 0;
    pair.correlation = std::abs(correlation) > 0.2 ? std::clamp(correlation, -1.0, 1.0) : 0;
    pair.angle = angles(rows, pair.power);
    out.pairs.push_back(std::move(pair));
  }
  out.programme_dbfs = db(programme_power(track));
  out.noise_dbfs = db(programme_power(alone));
  out.is_found = true;
  out.confidence = 1;
  return out;
}

std::vector<double> spread(const NoiseSurvey& survey, const std::vector<double>& values, bool is_power, double bin_hz,
                           std::int64_t bins) {
  std::vector<double> out(static_cast<std::size_t>(bins));
  std::int64_t band = 0;
  const std::int64_t last = survey.bands() - 1;
  const auto value = [&](std::int64_t b) { return values[static_cast<std::size_t>(b)]; };
  for (std::int64_t k = 0; k < bins; ++k) {
    const double hz = static_cast<double>(k) * bin_hz;
    while (band < last && survey.centre_hz(band + 1) <= hz) ++band;
    const double from = survey.centre_hz(band), to = band < last ? survey.centre_hz(band + 1) : from;
    double& v = out[static_cast<std::size_t>(k)];
    if (hz <= from || band == last) {
      v = value(band);
    } else if (is_power) {
      const double share = std::log(hz / from) / std::log(to / from);
      v = std::exp((1 - share) * std::log(std::max(value(band), kLeast)) +
                   share * std::log(std::max(value(band + 1), kLeast)));
    } else {
      v = value(band) + (value(band + 1) - value(band)) * (hz - from) / (to - from);
    }
  }
  return out;
}

}  // namespace lathe
