// A fixed gain on a GPU.
#include "kernels/cuda/launcher.cuh"
#include "kernels/gain/gain.h"
#include "kernels/gain/gain_blocks.h"

namespace lathe::cuda {

std::unique_ptr<DeviceStage> make_gain(Launcher& launcher, double gain) {
  return std::make_unique<DeviceGain<Launcher>>(launcher, gain);
}

}  // namespace lathe::cuda
