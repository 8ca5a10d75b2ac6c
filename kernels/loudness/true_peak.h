// The true peak of blocks with a halo: exact bounds first, interpolation only where the answer could be.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/audio.h"
#include "kernels/loudness/interpolation.h"

namespace lathe {

// Finds max |x(t)| at 16 points a sample. Feed blocks in order; each has kInterpolationHalo frames readable before and
// after. A stretch is interpolated only if the bounds of the interpolation filter (InterpolationBank) allow more than
// the peak found so far, and then at 16 points only where a quick reading comes near it.
class TruePeakSearch {
 public:
  // Frames [0, frames) of `audio`, frames a multiple of 8, the first being frame `first` of the track. Returns max |x|
  // of them.
  float block(AudioView audio, std::int64_t frames, std::int64_t first);

  double peak() const { return peak_; }

  // The frame that it is at, or before the next one of; where several are as high, one of those. -1 for silence.
  std::int64_t peak_frame() const { return peak_frame_; }

 private:
  void channel(const float* x, std::int64_t frames, std::int64_t first_frame);
  void raise(float peak, std::int64_t frame);

  float peak_ = 0;
  std::int64_t peak_frame_ = -1;
  std::vector<float> highest_, bend_;  // of the stretches of one channel
};

}  // namespace lathe
