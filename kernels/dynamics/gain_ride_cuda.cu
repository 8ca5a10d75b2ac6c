// The gain that rides a track, on a GPU.
#include "kernels/cuda/launcher.cuh"
#include "kernels/dynamics/gain_ride_blocks.h"

namespace lathe::cuda {

std::unique_ptr<DeviceStage> make_gain_ride(Launcher& launcher, std::shared_ptr<const GainRide> ride) {
  return std::make_unique<DeviceGainRide<Launcher>>(launcher, std::move(ride));
}

}  // namespace lathe::cuda
