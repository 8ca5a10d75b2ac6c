// DeviceBatch on a GPU in a build without CUDA.
#include "kernels/backend.h"
#include "tests/support/device_batch.h"

namespace lathe::test {

std::unique_ptr<DeviceBatch> open_cuda_batch() { throw BackendAbsent(cuda::absence()); }

}  // namespace lathe::test
