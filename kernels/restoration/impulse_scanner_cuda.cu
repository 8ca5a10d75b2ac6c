// The search for impulses on a GPU: device_impulse_scan.h on the CUDA launcher.
#include "kernels/cuda/launcher.cuh"
#include "kernels/restoration/device_impulse_scan.h"

namespace lathe::cuda {

std::unique_ptr<ImpulseScanner> make_impulse_scanner(Accelerator& accelerator, const ImpulseDesign& design,
                                                     int channels) {
  return std::make_unique<DeviceImpulseScan<Launcher>>(dynamic_cast<Launcher&>(accelerator), design, channels);
}

}  // namespace lathe::cuda
