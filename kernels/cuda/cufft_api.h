// cuFFT's functions, looked up when the program runs: it starts on machines that have no cuFFT.
#pragma once

#include <cufft.h>

#include <string>

namespace lathe::cuda {

struct CufftApi {
  decltype(&cufftCreate) create = nullptr;
  decltype(&cufftSetAutoAllocation) set_auto_allocation = nullptr;
  decltype(&cufftMakePlanMany64) make_plan_many = nullptr;
  decltype(&cufftSetWorkArea) set_work_area = nullptr;
  decltype(&cufftSetStream) set_stream = nullptr;
  decltype(&cufftExecC2C) exec_c2c = nullptr;
  decltype(&cufftDestroy) destroy = nullptr;
  decltype(&cufftGetVersion) get_version = nullptr;
};

// What was found: looked for once, by the loader's own path, then in /usr/local/cuda, $CUDA_HOME and $CUDA_PATH.
struct CufftLibrary {
  CufftApi api;
  std::string version;  // "12.0.0"
  std::string path;     // of the file
  std::string absence;  // why it cannot be used and what to do; empty where it can
};

// Never throws; any thread may ask.
const CufftLibrary& cufft_library();

// The functions. Throws BackendAbsent where there is no cuFFT.
const CufftApi& cufft();

// Throws CudaError unless `result` is CUFFT_SUCCESS.
void check(cufftResult result, const char* what);

}  // namespace lathe::cuda
