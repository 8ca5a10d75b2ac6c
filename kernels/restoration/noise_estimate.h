// What of a track is stationary noise, and how sure that is.
#pragma once

#include <vector>

#include "kernels/restoration/noise_survey.h"

namespace lathe {

// The noise of two channels that are treated together, in each band of a survey.
struct PairEstimate {
  std::vector<double> power[2];  // as variance of white noise of that density; [1] is empty where there is one channel
  std::vector<double> angle;     // the turn that decorrelates what is not noise
  double correlation = 0;        // of the noise of both channels, whitened: 1 where it is the same
  // Of the band up to the top where a floor of noise lies bare; 0: none.
  double bare_hz = 0;
  double top_dbfs = -400;  // density there, as white noise's
  double slope_db_octave = 0;
  double unrest_db = 0;  // from the 2 % of its frames to the 20 %, beside Gaussian noise: 0 where nothing else sounds
};

struct NoiseEstimate {
  std::vector<PairEstimate> pairs;
  bool is_found = false;
  double confidence = 0;
  double noise_dbfs = -400;  // mean square of a channel
  double programme_dbfs = -400;
};

NoiseEstimate estimate_noise(const NoiseSurvey& track);

// The same from a survey of the noise alone: means, not floors.
NoiseEstimate measure_noise(const NoiseSurvey& track, const NoiseSurvey& noise);

// `values` of the bands at frequencies 0, bin_hz, 2 bin_hz, ...: constant below the first band's centre and above the
// last one's, between them along straight lines, of log power over log frequency where `is_power`.
std::vector<double> spread(const NoiseSurvey& survey, const std::vector<double>& values, bool is_power, double bin_hz,
                           std::int64_t bins);

}  // namespace lathe
