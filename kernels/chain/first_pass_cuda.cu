// The first pass on a GPU: device_first_pass.h on the CUDA launcher.
#include "kernels/chain/device_first_pass.h"
#include "kernels/cuda/launcher.cuh"
#include "kernels/gain/gain.h"

namespace lathe::cuda {

std::unique_ptr<FirstPass> make_first_pass(Accelerator& accelerator, FirstPassSetup setup, AudioSink* out) {
  static constexpr DeviceParts<Launcher> kParts{make_linear_phase_eq, make_stereo,     make_gain,
                                                make_meter,           make_compressor, make_gain_ride};
  return std::make_unique<DeviceFirstPass<Launcher>>(dynamic_cast<Launcher&>(accelerator), kParts, std::move(setup),
                                                     out);
}

}  // namespace lathe::cuda
