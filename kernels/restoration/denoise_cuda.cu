// The denoiser on a GPU: device_denoise.h on the CUDA launcher, its transforms by cuFFT.
#include "kernels/cuda/launcher.cuh"
#include "kernels/restoration/device_denoise.h"

namespace lathe::cuda {

std::unique_ptr<Restorer> make_denoise(Accelerator& accelerator, const DenoiseSettings& settings,
                                       const RestorationFormat& format) {
  check_denoise(settings, format);
  return make_denoise_on(std::make_unique<DeviceDenoise<Launcher>>(dynamic_cast<Launcher&>(accelerator),
                                                                   settings.common.tier, format.sample_rate_hz),
                         settings, format);
}

}  // namespace lathe::cuda
