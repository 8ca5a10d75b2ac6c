// The compressor of several bands on the CPU.
#pragma once

#include <memory>

#include "kernels/dynamics/compressor.h"
#include "kernels/dynamics/kept_gains.h"

namespace lathe::cpu {

// For a design with a split.
std::unique_ptr<Stage> make_band_compressor(std::shared_ptr<const CompressorDesign> design, int channels,
                                            GainKey key = {});

}  // namespace lathe::cpu
