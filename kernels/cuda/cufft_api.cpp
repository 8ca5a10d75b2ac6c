#include "kernels/cuda/cufft_api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_error.h"

namespace lathe::cuda {
namespace {

// 12 comes with CUDA 13, 11 with CUDA 12; what is used here is the same in both.
constexpr const char* kNames[] = {"libcufft.so.12", "libcufft.so.11"};

// Where to look, in order; "" leaves it to the loader (LD_LIBRARY_PATH, ldconfig).
std::vector<std::string> folders() {
  std::vector<std::string> all{"", "/usr/local/cuda/lib64/"};
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    const char* home = std::getenv(variable);
    if (home != nullptr && *home != '\0') all.push_back(std::string(home) + "/lib64/");
  }
  return all;
}

void* open_any() {
  for (const std::string& folder : folders()) {
    for (const char* name : kNames) {
      if (void* const library = ::dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    }
  }
  return nullptr;
}

template <class Function>
void look_up(void* library, const char* name, Function& function, CufftLibrary& found) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  if (function == nullptr) found.absence = std::string("cuFFT has no ") + name + ": its version does not fit";
}

std::string path_of(const void* function) {
  Dl_info info{};
  return ::dladdr(function, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

CufftLibrary find() {
  CufftLibrary found;
  void* const library = open_any();  // stays open: what was planned with it may outlive any owner
  if (library == nullptr) {
    found.absence =
        "cuFFT was not found (libcufft.so.12 or .so.11): install the CUDA toolkit's cuFFT, or name its folder in "
        "LD_LIBRARY_PATH";
    return found;
  }
  CufftApi& api = found.api;
  look_up(library, "cufftCreate", api.create, found);
  look_up(library, "cufftSetAutoAllocation", api.set_auto_allocation, found);
  look_up(library, "cufftMakePlanMany64", api.make_plan_many, found);
  look_up(library, "cufftSetWorkArea", api.set_work_area, found);
  look_up(library, "cufftSetStream", api.set_stream, found);
  look_up(library, "cufftExecC2C", api.exec_c2c, found);
  look_up(library, "cufftDestroy", api.destroy, found);
  look_up(library, "cufftGetVersion", api.get_version, found);
  if (!found.absence.empty()) return found;
  found.path = path_of(reinterpret_cast<const void*>(api.create));
  int version = 0;
  if (api.get_version(&version) != CUFFT_SUCCESS) found.absence = "cuFFT does not tell its version: " + found.path;
  found.version =
      std::to_string(version / 1000) + "." + std::to_string(version / 100 % 10) + "." + std::to_string(version % 100);
  return found;
}

const char* name_of(cufftResult result) {
  switch (result) {
    case CUFFT_INVALID_PLAN:
      return "CUFFT_INVALID_PLAN";
    case CUFFT_ALLOC_FAILED:
      return "CUFFT_ALLOC_FAILED, the GPU has not enough memory left";
    case CUFFT_INVALID_VALUE:
      return "CUFFT_INVALID_VALUE";
    case CUFFT_INTERNAL_ERROR:
      return "CUFFT_INTERNAL_ERROR, as when the GPU has not enough memory left";
    case CUFFT_EXEC_FAILED:
      return "CUFFT_EXEC_FAILED";
    case CUFFT_SETUP_FAILED:
      return "CUFFT_SETUP_FAILED";
    case CUFFT_INVALID_SIZE:
      return "CUFFT_INVALID_SIZE";
    default:
      return "an error";
  }
}

}  // namespace

const CufftLibrary& cufft_library() {
  static const CufftLibrary library = find();
  return library;
}

const CufftApi& cufft() {
  const CufftLibrary& library = cufft_library();
  if (!library.absence.empty()) throw BackendAbsent(library.absence);
  return library.api;
}

void check(cufftResult result, const char* what) {
  if (result == CUFFT_SUCCESS) return;
  const auto kind = result == CUFFT_ALLOC_FAILED ? CudaError::Kind::out_of_memory : CudaError::Kind::call;
  throw CudaError(kind, result,
                  std::string("cuFFT: ") + what + ": " + name_of(result) + " (" + std::to_string(result) + ")");
}

}  // namespace lathe::cuda
