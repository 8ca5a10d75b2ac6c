// A fixed gain over all channels.
#pragma once

#include <memory>

#include "kernels/device_stage.h"
#include "kernels/stage.h"

namespace lathe::cpu {

// y = gain * x, gain linear and finite; throws std::invalid_argument otherwise. No latency, no halo.
std::unique_ptr<Stage> make_gain(double gain, int channels);

}  // namespace lathe::cpu

namespace lathe::cuda {

class Launcher;

// The same on a GPU.
std::unique_ptr<DeviceStage> make_gain(Launcher& launcher, double gain);

}  // namespace lathe::cuda
