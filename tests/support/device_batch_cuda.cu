// DeviceBatch on a GPU, its memory full of NaN before use.
#include "kernels/cuda/launcher.cuh"
#include "kernels/gain/gain.h"
#include "kernels/loudness/loudness_levels_cuda.cuh"
#include "tests/support/device_batch_on.h"

namespace lathe::test {

std::unique_ptr<DeviceBatch> open_cuda_batch() {
  return std::make_unique<DeviceBatchOn<cuda::Launcher>>(
      std::make_unique<cuda::Launcher>(true),
      DeviceParts<cuda::Launcher>{cuda::make_linear_phase_eq, cuda::make_stereo, cuda::make_gain, cuda::make_meter});
}

}  // namespace lathe::test
