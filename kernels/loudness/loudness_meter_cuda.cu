// The meter on a GPU: device_meter_on.h on the CUDA launcher.
#include "kernels/loudness/device_meter_on.h"
#include "kernels/loudness/loudness_levels_cuda.cuh"

namespace lathe::cuda {

std::unique_ptr<DeviceMeter> make_meter(Launcher& launcher, DeviceMeter::Setup setup) {
  return std::make_unique<DeviceMeterOn<Launcher>>(launcher, std::move(setup));
}

}  // namespace lathe::cuda
