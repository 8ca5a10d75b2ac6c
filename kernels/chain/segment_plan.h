// How a pass on a device cuts a track into segments: at fixed places, so that the result does not depend on how much
// memory there was.
#pragma once

#include <cstdint>

#include "kernels/chain/first_pass.h"

namespace lathe {

struct SegmentPlan {
  std::int64_t frames = 0;  // of a segment, a multiple of kSegmentGrid
  // Frames before and behind it that the steps and the meters ask for, filled up to a multiple of kSegmentAlign.
  std::int64_t halo = 0;

  // The samples that the setup asks for, or four halos; no longer than the track. Throws
  // std::invalid_argument without channels.
  static SegmentPlan of(const FirstPassSetup& setup, std::int64_t steps_halo);
};

constexpr std::int64_t kSegmentGrid = 1 << 16;

// Segments begin at such places of a device's memory that four frames can be loaded at once.
constexpr std::int64_t kSegmentAlign = 32;

}  // namespace lathe
