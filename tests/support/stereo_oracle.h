// What the stereo stage is to do, in double and as it is defined: the guard's gains from sums over every frame, and
// what a second of a track is in mono.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/math/stereo_guard.h"
#include "tests/support/track.h"

namespace lathe::test {

// Left and right with the side times the guard's gain, from left and right with their width already set.
struct StereoPair {
  Signal left, right;
};
StereoPair guarded_oracle(const StereoPair& in, const StereoLimits& limits, std::int64_t block_frames);

// Of frames [first, first + count).
struct MonoFold {
  double correlation = 1;  // 1 where a channel is silent
  double loss_db = 0;      // what the mono sum loses
  double power = 0;        // of mid and side together, a frame
};
MonoFold mono_fold(const StereoPair& of, std::int64_t first, std::int64_t count);

// The lowest correlation and the largest loss of all windows of a second that are louder than -70 dBFS, one every
// `step` frames.
MonoFold worst_second(const StereoPair& of, std::int64_t rate, std::int64_t step);

}  // namespace lathe::test
