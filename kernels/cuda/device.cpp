#include "kernels/cuda/device.h"

#include <cuda_runtime_api.h>

#include <exception>
#include <stdexcept>

#include "kernels/backend.h"
#include "kernels/cuda/cufft_api.h"
#include "kernels/cuda/error.h"
#include "kernels/cuda/prove_device.h"

namespace lathe::cuda {
namespace {

// The oldest architecture the kernels are compiled for (CMAKE_CUDA_ARCHITECTURES).
constexpr int kOldestSm = 80;

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version / 10 % 100);
}

// Why CUDA counts no devices, for people.
std::string reason_of(cudaError_t error, const CudaStatus& status) {
  switch (error) {
    case cudaErrorInsufficientDriver:
      if (status.driver.empty())
        return "there is no NVIDIA driver (libcuda.so.1): on a machine with an NVIDIA GPU, install its driver";
      return "the NVIDIA driver is for CUDA " + status.driver + ", this build needs " + status.runtime +
             ": install a newer driver";
    case cudaErrorStubLibrary:
      return "libcuda.so.1 is the toolkit's stub, not a driver: take its folder out of LD_LIBRARY_PATH, or install "
             "the NVIDIA driver";
    case cudaErrorNoDevice:
      return "the NVIDIA driver shows no GPU: see nvidia-smi and CUDA_VISIBLE_DEVICES";
    default:
      return std::string("CUDA cannot be used: ") + cudaGetErrorName(error) + ", " + cudaGetErrorString(error) +
             ": see whether nvidia-smi works";
  }
}

DeviceInfo info_of(int index) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, index), "read a device's properties");
  DeviceInfo info;
  info.index = index;
  info.name = properties.name;
  info.sm = properties.major * 10 + properties.minor;
  info.memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem);
  char bus[32] = "";
  check(cudaDeviceGetPCIBusId(bus, sizeof bus, index), "read a device's place on the bus");
  info.pci_bus = bus;
  if (info.sm < kOldestSm)
    info.unusable = "its compute capability is below " + version_text(kOldestSm * 100) + ", the oldest Lathe runs on";
  return info;
}

// The least free memory a device is worth trying with: a track of the usual kind takes some 290 MB.
constexpr std::int64_t kLeastFree = 512 << 20;

// Leaves the device selected.
void try_out(DeviceInfo& info) {
  check(cudaSetDevice(info.index), "select the device");
  int has_pools = 0;
  check(cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, info.index), "read a device's abilities");
  if (has_pools == 0) throw std::runtime_error("its driver has no memory pools: give it a whole GPU");
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "ask how much memory is free");
  info.free_bytes = static_cast<std::int64_t>(free);
  if (info.free_bytes < kLeastFree)
    throw std::runtime_error("only " + std::to_string(info.free_bytes >> 20) +
                             " MiB of its memory are free: see nvidia-smi for who holds it");
  prove_device();
}

// Tries devices in order until one works, and says where the last one failed if none does.
void choose_device(CudaStatus& status) {
  for (DeviceInfo& info : status.devices) {
    if (info.unusable.empty()) {
      try {
        try_out(info);
        status.device = static_cast<int>(&info - status.devices.data());
        return;
      } catch (const std::exception& error) {
        info.unusable = error.what();
      }
    }
    status.absence = info.name + " cannot be used: " + info.unusable;
  }
}

void look(CudaStatus& status) {
  int version = 0, count = 0;
  if (cudaRuntimeGetVersion(&version) == cudaSuccess) status.runtime = version_text(version);
  if (cudaDriverGetVersion(&version) == cudaSuccess && version > 0) status.driver = version_text(version);
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted != cudaSuccess || count == 0) {
    status.absence = reason_of(counted == cudaSuccess ? cudaErrorNoDevice : counted, status);
    return;
  }
  for (int i = 0; i < count; ++i) {
    try {
      status.devices.push_back(info_of(i));
    } catch (const std::exception& error) {  // one device that does not answer hides no other
      status.devices.push_back({i, "GPU " + std::to_string(i), 0, 0, -1, "", error.what()});
    }
  }
  const CufftLibrary& fft = cufft_library();
  status.cufft = fft.version;
  status.absence = fft.absence;
  if (status.absence.empty()) choose_device(status);
}

CudaStatus probe() {
  CudaStatus status;
  try {
    look(status);
  } catch (const std::exception& error) {
    status.absence = error.what();
  }
  cudaGetLastError();  // else the first launch would be blamed for what failed here
  return status;
}

}  // namespace

const CudaStatus& cuda_status() {
  static const CudaStatus status = probe();
  return status;
}

std::string absence() { return cuda_status().absence; }

std::string describe_cufft() {
  const CufftLibrary& fft = cufft_library();
  return fft.absence.empty() ? fft.version + " (" + fft.path + ")" : fft.absence;
}

void select_device() {
  const CudaStatus& status = cuda_status();
  if (status.device < 0) throw BackendAbsent(status.absence);
  check(cudaSetDevice(status.devices[static_cast<std::size_t>(status.device)].index), "select the device");
}

}  // namespace lathe::cuda
