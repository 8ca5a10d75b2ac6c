// The CUDA backend of a build without it: everything that would need a GPU says why there is none.
#include "kernels/backend.h"
#include "kernels/chain/first_pass.h"
#include "kernels/cuda/accelerator.h"
#include "kernels/cuda/device.h"
#include "kernels/restoration/denoise.h"
#include "kernels/restoration/impulse_scanner.h"

namespace lathe::cuda {

const CudaStatus& cuda_status() {
  static const CudaStatus status = [] {
    CudaStatus none;
    none.absence = "this build has no CUDA backend (built with LATHE_CUDA=OFF, or where there was no nvcc)";
    return none;
  }();
  return status;
}

std::string absence() { return cuda_status().absence; }
std::string describe_cufft() { return absence(); }
void select_device() { throw BackendAbsent(absence()); }

std::int64_t kernel_launches() { return 0; }

std::unique_ptr<Accelerator> open_accelerator(bool) { throw BackendAbsent(absence()); }

std::unique_ptr<FirstPass> make_first_pass(Accelerator&, FirstPassSetup, AudioSink*) { throw BackendAbsent(absence()); }

std::unique_ptr<Restorer> make_denoise(Accelerator&, const DenoiseSettings&, const RestorationFormat&) {
  throw BackendAbsent(absence());
}

std::unique_ptr<ImpulseScanner> make_impulse_scanner(Accelerator&, const ImpulseDesign&, int) {
  throw BackendAbsent(absence());
}

}  // namespace lathe::cuda
