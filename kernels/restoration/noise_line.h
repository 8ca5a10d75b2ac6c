// The spectrum of a track's noise: a line through the bands where its floor lies bare, from the top down.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/noise_survey.h"

namespace lathe {

// What 16 bits leave lies at -98 dBFS, as white noise; a floor below this is none.
constexpr double kLeastNoiseDbfs = -88;

struct BandLevel {
  double level_db = 0;
  double weight = 0;  // 0: the floor is not bare there
  double most_db = 0;
  double unrest_db = 0;  // from the 2 % to the 20 % of the stillest floor
};

// The line of level over octaves through the bare bands from the top down.
struct Line {
  double level_db = 0;  // at 10 kHz
  double slope = 0;     // dB an octave
  double bare_hz = 0;
  double top_dbfs = -400;
  double unrest_db = 0;   // median of the topmost bare bands
  std::size_t first = 0;  // the lowest bare band, and one above the highest
  std::size_t end = 0;
  bool is_whole_band = false;  // the highest is the track's last one

  double at(double octaves) const { return level_db + slope * octaves; }
};

// Sets the weights of bands that are not bare to 0. Bands below kLeastNoiseDbfs at the top hold nothing, and are passed
// over.
Line fit_line(const NoiseSurvey& survey, std::vector<BandLevel>& levels);

// Powers: the line, bent to what is bare, and nowhere above what was measured.
std::vector<double> noise_curve(const NoiseSurvey& survey, const std::vector<BandLevel>& levels, const Line& line);

double median(std::vector<double> values);

}  // namespace lathe
