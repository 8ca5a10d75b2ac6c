// Walls in the spectrum from moment to moment: where everything above a frequency is missing at once, as lossy codecs
// leave it.
//
// A codec spends no bits on what it thinks is masked: in moments when the treble is quiet it sets all of it above some
// band to zero, in others it codes up to its low-pass. So within windows of two segments (93 ms at 44.1 kHz) the level
// falls from one band to the next but one into nothing. Nature does not do that: an instrument's treble, a room and a
// microphone's noise run out in a slope, and a low-pass in the studio stands in front of a converter with a noise of
// its own. A window has a wall at the lowest edge where each of the 6 bands (of eight bins, 172 Hz at 44.1 kHz) below
// it is 15 dB or more above every band from the second above it to the top, and all those are below -138 dBFS/Hz: 16
// bits rounded leave -144 dBFS/Hz, with triangular dither -140, and noise of that few degrees of freedom varies by 2
// dB. The lowest and the highest band are compared, not means, so that single partials make no wall. Bands of all
// channels are summed. Cost: next to nothing beside the transforms (0.1 ns a sample).
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

struct SpectralWallFacts {
  std::int64_t windows = 0;              // with sound between 2 and 8 kHz
  std::int64_t walls = 0;                // windows of those that have a wall
  double cutoff_hz = 0;                  // the median of the walls
  double lowest_hz = 0, highest_hz = 0;  // the walls' 10th and 90th percentile

  double share() const { return windows > 0 ? static_cast<double>(walls) / static_cast<double>(windows) : 0; }
};

class SpectralWalls {
 public:
  static constexpr double kLowestHz = 10000;
  static constexpr double kWallDb = 15;
  static constexpr double kFloorDbHz = -138;
  static constexpr double kSoundDbHz = -110;

  // `band_hz`: width of a band; `bands` of them reach half the sample rate.
  SpectralWalls(double band_hz, int bands);

  // Of `windows` windows (16 at most) the band powers, [band * 16 + window], as a density: full scale squared per
  // hertz, the mean of the channels.
  void take(const float* densities, int windows);

  SpectralWallFacts facts() const;

 private:
  int wall_of(const float* densities, int window) const;

  double band_hz_;
  int bands_, first_edge_, sound_from_, sound_to_;
  std::int64_t windows_ = 0;
  std::vector<std::int64_t> walls_at_;  // by edge
};

}  // namespace lathe
