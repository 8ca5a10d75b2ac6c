#include "scheduler/worker/backend_choice.h"

#include <fmt/format.h>

#include <stdexcept>

#include "kernels/cuda/device.h"
#include "kernels/simd/level.h"

namespace lathe::scheduler {
namespace {

const cuda::DeviceInfo& device_in_use() {
  const cuda::CudaStatus& status = cuda::cuda_status();
  return status.devices.at(static_cast<std::size_t>(status.device));
}

}  // namespace

BackendChoice choose_backend(std::string_view asked) {
  if (asked == "cpu") return {Backend::cpu, "asked for"};
  if (asked != "auto" && asked != "cuda")
    throw std::invalid_argument(fmt::format("backend '{}'; it is auto, cpu or cuda", asked));
  const std::string absence = cuda::absence();
  if (asked == "cuda" && !absence.empty()) throw BackendAbsent(absence);
  if (!absence.empty()) return {Backend::cpu, absence};
  if (asked == "cuda") return {Backend::cuda, "asked for"};
  return {Backend::cuda, "a GPU can be used", true};
}

std::string backend_name(const BackendChoice& choice) {
  if (choice.backend == Backend::cuda) return fmt::format("cuda/sm_{}", device_in_use().sm);
  return std::string("cpu/") + name_of(simd_level());
}

std::int64_t device_memory_bytes(const BackendChoice& choice) {
  return choice.backend == Backend::cuda ? device_in_use().free_bytes / 100 * 85 : INT64_MAX;
}

std::string device_name(const BackendChoice& choice) {
  return choice.backend == Backend::cuda ? device_in_use().name : "";
}

std::string bit_class(const BackendChoice& choice) {
  const std::string cpu = simd_level() == SimdLevel::sse2 ? "cpu/sse2" : "cpu/fma";
  if (choice.backend == Backend::cpu) return cpu;
  return fmt::format("{}/cufft {}, {}", backend_name(choice), cuda::cuda_status().cufft, cpu);
}

}  // namespace lathe::scheduler
