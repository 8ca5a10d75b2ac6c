#include "kernels/restoration/noise_estimate.h"

#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr double kLeast = 1e-24;

std::vector<double> angles(const NoiseSurvey& survey, const std::vector<std::vector<double>>& noise, std::size_t pair) {
  const auto bands = static_cast<std::size_t>(survey.bands()), frames = static_cast<std::size_t>(survey.frames);
  std::vector<double> angle(bands, 0.0);
  if (2 * pair + 1 >= survey.powers.size()) return angle;
  for (std::size_t b = 0; b < bands; ++b) {
    double aa = 0, bb = 0, ab = 0;
    for (std::size_t n = 0; n < frames; ++n) {
      aa += static_cast<double>(survey.powers[2 * pair][b * frames + n]);
      bb += static_cast<double>(survey.powers[2 * pair + 1][b * frames + n]);
      ab += static_cast<double>(survey.products[pair][b * frames + n]);
    }
    const double na = std::max(noise[2 * pair][b], kLeast), nb = std::max(noise[2 * pair + 1][b], kLeast);
    angle[b] = 0.5 * std::atan2(2 * ab / std::sqrt(na * nb), aa / na - bb / nb);
  }
  return angle;
}

}  // namespace

NoiseEstimate estimate_noise(const NoiseSurvey& survey) {
  const auto bands = static_cast<std::size_t>(survey.bands()), frames = static_cast<std::size_t>(survey.frames);
  NoiseEstimate out;
  for (const auto& powers : survey.powers) {
    std::vector<double> noise(bands);
    for (std::size_t b = 0; b < bands; ++b) {
      std::vector<float> sorted(powers.begin() + static_cast<std::ptrdiff_t>(b * frames),
                                powers.begin() + static_cast<std::ptrdiff_t>((b + 1) * frames));
      const auto at = static_cast<std::ptrdiff_t>(frames / 20);
      std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
      const double width = survey.edges[b + 1] - survey.edges[b];
      const double dof = width / 1.5;
      noise[b] = static_cast<double>(sorted[static_cast<std::size_t>(at)]) / std::max(1 - 1.65 / std::sqrt(dof), 0.2);
    }
    out.power.push_back(noise);
  }
  for (std::size_t p = 0; p < survey.products.size(); ++p) out.angle.push_back(angles(survey, out.power, p));
  out.is_found = true;
  out.confidence = 1;
  return out;
}

NoiseEstimate measure_noise(const NoiseSurvey& track, const NoiseSurvey& alone) {
  const auto bands = static_cast<std::size_t>(alone.bands()), frames = static_cast<std::size_t>(alone.frames);
  NoiseEstimate out;
  for (const auto& powers : alone.powers) {
    std::vector<double> noise(bands);
    for (std::size_t b = 0; b < bands; ++b) {
      double sum = 0;
      for (std::size_t n = 0; n < frames; ++n) sum += static_cast<double>(powers[b * frames + n]);
      noise[b] = sum / static_cast<double>(frames);
    }
    out.power.push_back(noise);
  }
  for (std::size_t p = 0; p < track.products.size(); ++p) out.angle.push_back(angles(track, out.power, p));
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
