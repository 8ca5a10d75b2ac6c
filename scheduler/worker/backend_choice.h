// On what a batch is computed: what was asked for, or, for `auto`, a GPU where one can be used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernels/backend.h"

namespace lathe::scheduler {

struct BackendChoice {
  Backend backend = Backend::cpu;
  std::string reason = "asked for";  // why this one; for `auto` on the CPU, why no GPU can be used
  bool may_change = false;           // `auto`: what a GPU that is lost can no longer do, the CPU does
};

// `asked` is auto, cpu or cuda. Looks for GPUs unless it is cpu. Throws BackendAbsent, with what to do, when cuda
// cannot be had, std::invalid_argument for another word.
BackendChoice choose_backend(std::string_view asked);

// "cpu/avx512" or "cuda/sm_90", as reports name it.
std::string backend_name(const BackendChoice& choice);

// What of the GPU's memory a batch may use: 85 % of what was free. For the CPU without bound.
std::int64_t device_memory_bytes(const BackendChoice& choice);

// The GPU's name; empty for the CPU.
std::string device_name(const BackendChoice& choice);

// In cache keys: choices with one text give the same bits. Levels of the CPU with the same bits share it; on a GPU its
// architecture and cuFFT decide, and the CPU for the stages that stay there.
std::string bit_class(const BackendChoice& choice);

}  // namespace lathe::scheduler
