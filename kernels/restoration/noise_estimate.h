// What of a track is stationary noise, and how sure that is.
#pragma once

#include <vector>

#include "kernels/restoration/noise_survey.h"

namespace lathe {

// Noise powers in each band of a survey, as variance of white noise of that density.
struct NoiseEstimate {
  std::vector<std::vector<double>> power;  // [channel][band]
  std::vector<std::vector<double>> angle;  // [pair][band]: the turn that decorrelates what is not noise
  bool is_found = false;
  double confidence = 0;
  double level_dbfs = -400;  // of all noise together, full scale = a square wave
  double below_programme_db = 0;
};

NoiseEstimate estimate_noise(const NoiseSurvey& survey);

// The same from a survey of the noise alone: means, not floors.
NoiseEstimate measure_noise(const NoiseSurvey& track, const NoiseSurvey& noise);

// `values` of the bands at frequencies 0, bin_hz, 2 bin_hz, ...; between the bands' centres along straight lines of
// log power over log frequency where `is_power`, and constant outside.
std::vector<double> spread(const NoiseSurvey& survey, const std::vector<double>& values, bool is_power, double bin_hz,
                           std::int64_t bins);

}  // namespace lathe
