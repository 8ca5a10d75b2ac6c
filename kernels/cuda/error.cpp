#include "kernels/cuda/error.h"

namespace lathe::cuda {
namespace {

// Errors after which the process's context is corrupt, by the runtime's documentation ("the process must be terminated
// and relaunched").
bool loses_context(cudaError_t error) {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorContextIsDestroyed:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorContained:
    case cudaErrorExternalDevice:
    case cudaErrorUnknown:
      return true;
    default:
      return false;
  }
}

CudaError::Kind kind_of(cudaError_t error) {
  if (error == cudaErrorMemoryAllocation) return CudaError::Kind::out_of_memory;
  return loses_context(error) ? CudaError::Kind::context_lost : CudaError::Kind::call;
}

const char* advice(CudaError::Kind kind) {
  switch (kind) {
    case CudaError::Kind::out_of_memory:
      return "; other programs may hold the GPU's memory (nvidia-smi): end them, lower --jobs, or use --backend cpu";
    case CudaError::Kind::context_lost:
      return "; this process cannot use the GPU any more: run the command again, or use --backend cpu";
    case CudaError::Kind::call:
      break;
  }
  return "";
}

}  // namespace

void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  cudaGetLastError();  // else the next launch would be blamed for it
  const CudaError::Kind kind = kind_of(result);
  throw CudaError(
      kind, result,
      std::string("GPU: ") + what + ": " + cudaGetErrorName(result) + ", " + cudaGetErrorString(result) + advice(kind));
}

}  // namespace lathe::cuda
