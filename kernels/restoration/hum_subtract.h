// Subtracts a modelled hum from a track.
#pragma once

#include "kernels/restoration/hum_model.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

struct HumSubtraction {
  std::int64_t samples_changed = 0;
  double removed_power = 0;  // mean square of what was subtracted, over all samples
};

// y = x - hum, in blocks of 1,024 frames at fixed places; within one the phase goes along a straight line, and so do
// the amplitudes. Blocks without hum, and runs of 64 or more samples that are exactly 0, keep their bits.
HumSubtraction subtract_hum(TrackReader& track, double sample_rate_hz, const HumModel& model, AudioSink& out);

}  // namespace lathe
