// How a pass on a device cuts a track into segments: at fixed places, so that the result does not depend on how much
// memory there was.
#pragma once

#include <cstdint>

#include "kernels/chain/first_pass.h"

namespace lathe {

struct SegmentPlan {
  std::int64_t frames = 0;  // of a segment, a multiple of kSegmentGrid
  std::int64_t halo = 0;    // frames before and behind it that the steps and the meters ask for

  // The samples that the setup asks for, or four halos; no longer than the track.
  static SegmentPlan of(const FirstPassSetup& setup, std::int64_t steps_halo);
};

constexpr std::int64_t kSegmentGrid = 1 << 16;

}  // namespace lathe
