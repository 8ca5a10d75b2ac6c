// The true peak of blocks with a halo: exact bounds first, interpolation only where the answer could be.
#pragma once

#include <cstdint>

#include "kernels/audio.h"
#include "kernels/loudness/interpolation.h"

namespace lathe {

// Finds max |x(t)| at 16 points a sample. Feed blocks in order; each has kInterpolationHalo frames readable before and
// after. A stretch is interpolated only if `bound * max |x|` around it exceeds the peak found so far: the answer equals
// interpolating everything.
class TruePeakSearch {
 public:
  // Frames [0, frames) of `audio`, frames a multiple of 16. group_peaks[g] is max |x| of group g over all channels, for
  // the groups of the block with kHaloGroups more on each side.
  void block(AudioView audio, std::int64_t frames, const float* group_peaks);

  double peak() const { return peak_; }

  static constexpr int kHaloGroups = kInterpolationHalo / kPeakGroup;

 private:
  float peak_ = 0;
};

}  // namespace lathe
