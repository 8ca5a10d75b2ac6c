// What the stereo stage did to a track, by the sums of its blocks: how mono-safe it was, how mono-safe it is, and what
// the guard took for that.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/math/stereo_guard.h"
#include "kernels/stage_account.h"

namespace lathe {

// One block of a hundredth of a second.
struct StereoTally {
  StereoSums before{0, 0, 0};  // of the input
  StereoSums after{0, 0, 0};   // of what came out
  float gain = 1;              // the guard's, at the block's start
};

struct StereoFigures {
  // Over the whole track, left and right. 0 where there is nothing to correlate.
  double correlation_before = 0, correlation_after = 0;
  // The lowest of any second (taken every tenth of one) above -70 dBFS; and what the mono sum loses there at most, 60
  // dB where it loses all. Of a track without such a second: 1 and 0.
  double worst_correlation_before = 1, worst_correlation_after = 1;
  double worst_mono_loss_before_db = 0, worst_mono_loss_after_db = 0;
  double guarded_share = 0;         // of the track's blocks, 0 to 1: where the guard took more than 0.1 dB
  double largest_narrowing_db = 0;  // by the guard, at most 60
};

StereoFigures stereo_figures(const std::vector<StereoTally>& blocks, std::int64_t block_frames);

// Of a track of one channel.
StageAccount mono_stereo_account();

// The figures as a report prints them, and the guard's gain as a curve if it ever acted.
StageAccount stereo_account(const std::vector<StereoTally>& blocks, std::int64_t block_frames, double sample_rate_hz);

}  // namespace lathe
