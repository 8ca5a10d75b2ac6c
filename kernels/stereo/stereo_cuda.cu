// The stereo stage on a GPU: device_stereo.h on the CUDA launcher, its transforms by cuFFT.
#include "kernels/cuda/launcher.cuh"
#include "kernels/stereo/device_stereo.h"

namespace lathe::cuda {

std::unique_ptr<DeviceStage> make_stereo(Launcher& launcher, std::shared_ptr<const StereoDesign> design, int channels) {
  return std::make_unique<DeviceStereo<Launcher>>(launcher, std::move(design), channels);
}

}  // namespace lathe::cuda
