#include "tests/support/device_batch.h"

#include <stdexcept>

#include "tests/support/backends.h"
#include "tests/support/device_batch_on.h"

namespace lathe::test {

std::unique_ptr<DeviceBatch> open_batch(TestBackend backend) {
  if (backend == TestBackend::cuda) return open_cuda_batch();
  if (backend == TestBackend::cpu) throw std::invalid_argument("open_batch: the CPU is no device");
  const auto order = backend == TestBackend::block ? block::ThreadOrder::forward : block::ThreadOrder::reversed;
  return std::make_unique<DeviceBatchOn<block::CpuLauncher>>(
      std::make_unique<block::CpuLauncher>(order),
      DeviceParts<block::CpuLauncher>{block_backend::make_linear_phase_eq, block_backend::make_stereo,
                                      block_backend::make_gain, block_backend::make_meter});
}

}  // namespace lathe::test
