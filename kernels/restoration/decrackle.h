// Crackle: dense small impulses, as worn vinyl has. The declicker's method (declick.h) with a lower threshold (3.5
// levels instead of 5), repairs of at most 2.5 ms, and less evidence asked for where there are many.
//
// Found where more than 5 + 10 a minute impulses are likely: a few clicks are no crackle. Figures, latency, halo: as
// declick's. It takes away impulses alone: the hiss and rumble of vinyl between them, most of its power, stay.
#pragma once

#include <memory>

#include "kernels/restoration/restorer.h"

namespace lathe {

struct DecrackleSettings {
  RestorationSettings common;  // tier fast: as declick's

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {
std::unique_ptr<Restorer> make_decrackle(const DecrackleSettings& settings, const RestorationFormat& format);
}

namespace cuda {
class Accelerator;

// The search on a GPU, everything else on the CPU; the same result as the CPU's. `accelerator` outlives it. Throws
// BackendAbsent in a build without CUDA; CudaError.
std::unique_ptr<Restorer> make_decrackle(Accelerator& accelerator, const DecrackleSettings& settings,
                                         const RestorationFormat& format);
}  // namespace cuda

}  // namespace lathe
