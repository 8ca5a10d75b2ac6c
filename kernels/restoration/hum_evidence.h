// How much a fitted series of lines is like hum: stands out, and is always there.
#pragma once

#include <vector>

#include "kernels/restoration/hum_fit.h"
#include "kernels/restoration/hum_low_band.h"

namespace lathe {

struct HumLineEvidence {
  double contrast_db = 0;  // the line's coherent power over what nine in ten offsets within 2 Hz of it have
  double peak_db = 0;      // the same over the highest of them
  double presence = 0;     // the amplitude found with weights that don't know the fit, over the fitted one: 1 for hum
  double presence_sd = 0;
  double short_presence = 0;  // the same in eighths of a second
  double short_sd = 0;
  double level = 0;  // mean |a|^2, of the strongest channel
};

std::vector<HumLineEvidence> hum_evidence(const LowBand& low, const HumFit& fit);

// From 0, music or nothing, to 1.2, surely hum.
double hum_quality(const HumLineEvidence& line);

// The lines together.
struct HumEvidence {
  std::vector<HumLineEvidence> lines;
  double sum = 0;       // of the lines' qualities
  double purity = 0;    // their mean, weighted by the lines' amplitudes: hum's strong lines are its good ones
  double lowest = 0;    // the better of the two lowest lines, where it is strong enough to be the fundamental
  double mean_hz = 0;   // of the fundamental, as tracked
  double drift_hz = 0;  // standard deviation of its frequency, in means of 2 s
  double power = 0;     // of all lines, mean over the channels: full scale sine 0.5
  double ratio = 0;     // the same over the power of the rest of the track
};

HumEvidence weigh_evidence(const LowBand& low, const HumFit& fit);

}  // namespace lathe
