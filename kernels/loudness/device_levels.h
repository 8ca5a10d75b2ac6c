// The gated and sliding figures of a track from the energies of its hops, where these lie in a device's memory.
#pragma once

#include "kernels/block/checked_memory.h"
#include "kernels/block/cpu_launcher.h"
#include "kernels/math/gating.h"

namespace lathe {

struct LoudnessLevels {
  double integrated_lufs, loudness_range_lu, max_momentary_lufs, max_short_term_lufs;
};

namespace block {

// On the CPU: math/gating.h itself.
inline LoudnessLevels loudness_levels(CpuLauncher&, GlobalSpan<const double> hops, double sample_rate_hz) {
  const HopEnergies energies{sample_rate_hz, {hops.data, hops.data + hops.size}};
  return {integrated_loudness(energies), loudness_range(energies), max_momentary(energies), max_short_term(energies)};
}

}  // namespace block
}  // namespace lathe
