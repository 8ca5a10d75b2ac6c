// The static curve of a compressor: how many decibels a level is turned down, with a quadratic soft knee (Giannoulis,
// Massberg and Reiss, JAES 60(6), 2012, equation 4).
#pragma once

#include "kernels/math/host_device.h"

namespace lathe {

// Reduction in dB at a level: 0 up to knee_start, then rising by a parabola over the knee, then by `slope` dB a dB.
struct GainLaw {
  double knee_start_db = 0;  // threshold - knee / 2
  double knee_db = 0;
  double bend = 0;   // slope / (2 knee), or 0 without a knee
  double slope = 0;  // 1 - 1 / ratio
  double most_db = 0;
};

inline GainLaw gain_law(double threshold_db, double ratio, double knee_db, double most_db) {
  const double slope = 1 - 1 / ratio;
  return {threshold_db - knee_db / 2, knee_db, knee_db > 0 ? slope / (2 * knee_db) : 0, slope, most_db};
}

LATHE_HOST_DEVICE inline double reduction_db(const GainLaw& law, double level_db) {
  double over = level_db - law.knee_start_db;
  if (!(over > 0)) over = 0;
  const double in_knee = over < law.knee_db ? over : law.knee_db;
  const double reduction = law.bend * in_knee * in_knee + law.slope * (over - in_knee);
  return reduction < law.most_db ? reduction : law.most_db;
}

}  // namespace lathe
