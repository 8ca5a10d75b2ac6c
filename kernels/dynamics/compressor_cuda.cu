// The compressor on a GPU.
#include "kernels/cuda/launcher.cuh"
#include "kernels/dynamics/device_compressor.h"

namespace lathe::cuda {

std::unique_ptr<DeviceStage> make_compressor(Launcher& launcher, std::shared_ptr<const CompressorDesign> design,
                                             int channels) {
  return std::make_unique<DeviceCompressor<Launcher>>(launcher, std::move(design), channels);
}

}  // namespace lathe::cuda
