// Which GPUs this machine has and whether Lathe can work on them. Needs no CUDA header; a build without CUDA has the
// same functions (absent.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lathe::cuda {

struct DeviceInfo {
  int index = 0;     // CUDA's number: what CUDA_VISIBLE_DEVICES leaves over, counted from 0
  std::string name;  // "NVIDIA H200"
  int sm = 0;        // compute capability: 90 for 9.0
  std::int64_t memory_bytes = 0;
  std::int64_t free_bytes = -1;  // when it was looked at; -1 where it was not: only the device in use is
  std::string pci_bus;           // "0000:1b:00.0"
  std::string unusable;          // why Lathe cannot work on it; empty where it can, or it was not tried
};

struct CudaStatus {
  std::vector<DeviceInfo> devices;  // all that CUDA sees
  int device = -1;                  // place in `devices` of the one Lathe works on: the first usable; -1 for none
  std::string driver;               // CUDA version of the driver, "13.0"; empty without one
  std::string runtime;              // CUDA version this build has inside, "13.0"; empty in a build without CUDA
  std::string cufft;                // its version, "12.0.0"; empty where it was not found, or no device was
  std::string absence;              // why no GPU can be used and what to do, in a sentence without its full stop; empty
                                    // where one can
};

// Looks once, when first asked, which takes a CUDA context on the device (up to a second); any thread may ask. Never
// throws: whatever fails means that there is no GPU.
const CudaStatus& cuda_status();

// "12.0.0 (/usr/local/cuda/lib64/libcufft.so.12)", or why there is none. Looks even where there is no device.
std::string describe_cufft();

// From now on the calling thread's CUDA calls go to the device of cuda_status(). Throws BackendAbsent without one.
void select_device();

}  // namespace lathe::cuda
