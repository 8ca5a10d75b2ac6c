// What is noise in two channels: pushed in groups of sixteen frames, it comes out one group later.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/restoration/denoise_lanes.h"
#include "kernels/restoration/denoise_transform.h"

namespace lathe {

// The noise of a pair of channels for each bin: power as variance of white noise of that density, and the angle by
// which the whitened channels are turned, so that the first holds what they have in common.
struct PairNoise {
  std::vector<double> power[2];
  std::vector<double> angle;
  double correlation = 0;  // of the whitened noise of both
};

class PairDenoiser {
 public:
  // `share` of what is taken away is taken, for each bin; where it is 0 nothing is computed. The transform outlives
  // this.
  PairDenoiser(const DenoiseTransform& transform, const PairNoise& noise, const std::vector<double>& share,
               const HissGain& form);

  // The next 16 frames, hop() apart: span(hop()) samples of each channel (b may be null).
  void push(const float* a, const float* b);

  // After a push, what is to be subtracted from the 16 * hop() samples from the first one of the group before on.
  const float* removed(int channel) const { return removed_[channel].data(); }

 private:
  DenoiseTurn turn() const {
    return {white_[0].data(), white_[1].data(), cos_.data(), sin_.data(), scale_[0].data(), scale_[1].data()};
  }
  DenoiseBins bins() const {
    return {transform_->points(), transform_->row_of_bin(), first_bin_, last_bin_, share_.data()};
  }

  const DenoiseTransform* transform_;
  HissGain form_;
  std::int64_t first_bin_ = 0, last_bin_ = 0;
  AlignedArray<float> white_[2], cos_, sin_, scale_[2], share_;
  AlignedArray<float> re_[2], im_[2];  // of this group and the one before, in turn
  AlignedArray<float> plane_[2];       // for each turned channel
  AlignedArray<float> gain_[2];        // likewise
  AlignedArray<float> removed_[2];
  int slot_ = 0;
  bool is_first_ = true;
};

}  // namespace lathe
