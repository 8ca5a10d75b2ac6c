// The way a hum's frequency goes, roughly: what the fit starts from.
#pragma once

#include <vector>

#include "kernels/restoration/hum_frames.h"

namespace lathe {

// Of each stretch of `stretch_s` seconds and each offset d from the frames' frequency, the likelihood of lines at
// k (f + d) in noise of unknown level: -n ln(1 - coherence), summed over lines and channels; frames are weighted by the
// inverse of their power, so that notes count little. Then the likeliest way through the stretches, with steps of
// `step_hz` rms a second (Viterbi). Returns the fundamental's phase at each frame, beside the frames' constant
// frequency, in radians.
std::vector<double> rough_phase(const HumFrames& frames, double stretch_s, double step_hz);

// The same with one offset for the whole track.
std::vector<double> steady_phase(const HumFrames& frames, double stretch_s);

}  // namespace lathe
