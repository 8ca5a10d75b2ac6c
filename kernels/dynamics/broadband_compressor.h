// The compressor over the whole spectrum on the CPU.
#pragma once

#include <memory>

#include "kernels/dynamics/compressor.h"
#include "kernels/dynamics/kept_gains.h"

namespace lathe::cpu {

// For a design without a split.
std::unique_ptr<Stage> make_broadband_compressor(std::shared_ptr<const CompressorDesign> design, int channels,
                                                 GainKey key = {});

}  // namespace lathe::cpu
