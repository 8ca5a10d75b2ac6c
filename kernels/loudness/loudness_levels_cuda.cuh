// The figures of math/gating.h from hops in the GPU's memory.
#pragma once

#include "kernels/cuda/launcher.cuh"
#include "kernels/loudness/device_levels.h"

namespace lathe::cuda {

// Reductions in a fixed order: the same hops on the same device give the same bits. Waits for the device. Throws
// CudaError.
LoudnessLevels loudness_levels(Launcher& launcher, block::GlobalSpan<const double> hops, double sample_rate_hz);

}  // namespace lathe::cuda
