// The equaliser on a GPU: device_eq.h on the CUDA launcher, its transforms by cuFFT.
#include "kernels/cuda/launcher.cuh"
#include "kernels/equalizer/device_eq.h"

namespace lathe::cuda {

std::unique_ptr<DeviceStage> make_linear_phase_eq(Launcher& launcher, std::shared_ptr<const LinearPhaseEqDesign> design,
                                                  int channels) {
  return std::make_unique<DeviceEq<Launcher>>(launcher, std::move(design), channels);
}

}  // namespace lathe::cuda
