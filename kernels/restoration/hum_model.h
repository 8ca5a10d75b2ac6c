// What a hum is taken to be after all doubts: the amplitudes that are subtracted.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/hum_fit.h"

namespace lathe {

struct HumModel {
  double freq_hz = 0, hop_s = 0, first_s = 0;
  int lines = 0, channels = 0;
  std::int64_t count = 0;
  std::vector<double> phase;  // [m]
  std::vector<Complex64> a;   // [c * lines + k][m]; exactly 0 where nothing is to be subtracted

  // Phase of the fundamental at a time, in turns: a cubic through the frames' phases (Catmull and Rom 1974).
  double turns(double time_s) const;
  // Amplitude of a line at a time: straight lines between frames.
  Complex64 amplitude(int channel, int line, double time_s) const;
};

}  // namespace lathe
