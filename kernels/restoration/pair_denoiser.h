// What is noise in two channels: pushed in groups of sixteen frames, it comes out one group later.
#pragma once

#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/restoration/denoise_lanes.h"
#include "kernels/restoration/denoise_transform.h"
#include "kernels/restoration/pair_weights.h"

namespace lathe {

class PairDenoiser {
 public:
  // The transform and the weights outlive this.
  PairDenoiser(const DenoiseTransform& transform, const PairWeights& weights, const HissGain& form);

  // The next 16 frames, hop() apart: span(hop()) samples of each channel (b may be null).
  void push(const float* a, const float* b);

  // After a push, what is to be subtracted from the 16 * hop() samples from the first one of the group before on.
  const float* removed(int channel) const { return removed_[channel].data(); }

 private:
  DenoiseTurn turn() const {
    const PairWeights& w = *weights_;
    return {w.white[0].data(), w.white[1].data(), w.cos.data(), w.sin.data(), w.scale[0].data(), w.scale[1].data()};
  }
  DenoiseBins bins() const {
    return {transform_->points(), transform_->row_of_bin(), weights_->first_bin, weights_->last_bin,
            weights_->share.data()};
  }

  const DenoiseTransform* transform_;
  const PairWeights* weights_;
  HissGain form_;
  AlignedArray<float> re_[2], im_[2];  // of this group and the one before, in turn
  AlignedArray<float> plane_[2];       // for each turned channel
  AlignedArray<float> gain_[2];        // likewise
  AlignedArray<float> removed_[2];
  int slot_ = 0;
  bool is_first_ = true;
};

}  // namespace lathe
