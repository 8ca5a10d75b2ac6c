// The way a hum's frequency goes, roughly: what the fit starts from.
#pragma once

#include <vector>

#include "kernels/restoration/hum_frames.h"
#include "kernels/restoration/hum_lanes.h"

namespace lathe {

// Of each stretch of `stretch_s` seconds and each offset d from the frames' frequency, the likelihood of lines at
// k (f + d) in noise of unknown level: -n ln(1 - coherence), summed over lines and channels; frames are weighted by the
// inverse of their amplitude, so that notes count little. Phases are the fundamental's at each frame, beside the
// frames' constant frequency, in radians.
//
// Music may be coherent, too, at one line and for a while: `Trust` says which lines have a say, and how much at most.
class HumPath {
 public:
  struct Trust {
    int first_line = 0, lines = kMostHumLines;
    double most = 1e9;  // likelihood a line may bring for one offset in a stretch
  };

  HumPath(const HumFrames& frames, double stretch_s);

  // The likeliest way through the stretches, with steps of `step_hz` rms a second (Viterbi 1967).
  std::vector<double> wandering(double step_hz, const Trust& trust) const;
  // The likeliest offset for frames [first, first + count) as a whole.
  std::vector<double> steady(std::int64_t first, std::int64_t count, const Trust& trust) const;

 private:
  // Of all lines that are trusted: [stretch][offset].
  std::vector<double> together(const Trust& trust) const;

  double hop_s_;
  std::int64_t count_;  // frames
  int lines_;
  std::int64_t stretches_ = 0, length_ = 0, hop_ = 0;
  std::vector<double> likelihood_;  // [line][stretch][offset]
};

}  // namespace lathe
