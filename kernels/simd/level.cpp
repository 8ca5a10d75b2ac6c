#include "kernels/simd/level.h"

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace lathe {
namespace {

SimdLevel from_environment() {
  const SimdLevel top = processor_simd_level();
  const char* wish = std::getenv("LATHE_SIMD");
  if (wish == nullptr || *wish == '\0') return top;
  for (const SimdLevel level : {SimdLevel::sse2, SimdLevel::avx2, SimdLevel::avx512}) {
    if (std::string(wish) == name_of(level)) return level < top ? level : top;
  }
  throw std::invalid_argument("LATHE_SIMD is '" + std::string(wish) + "'; it takes sse2, avx2 or avx512");
}

std::atomic<SimdLevel>& current() {
  static std::atomic<SimdLevel> level{from_environment()};
  return level;
}

}  // namespace

SimdLevel processor_simd_level() {
  if (__builtin_cpu_supports("x86-64-v4")) return SimdLevel::avx512;
  if (__builtin_cpu_supports("x86-64-v3")) return SimdLevel::avx2;
  return SimdLevel::sse2;
}

SimdLevel simd_level() { return current().load(std::memory_order_relaxed); }

void set_simd_level(SimdLevel level) {
  if (level > processor_simd_level()) {
    throw std::invalid_argument(std::string("this processor has no ") + name_of(level));
  }
  current().store(level, std::memory_order_relaxed);
}

const char* name_of(SimdLevel level) {
  switch (level) {
    case SimdLevel::avx512:
      return "avx512";
    case SimdLevel::avx2:
      return "avx2";
    case SimdLevel::sse2:
      break;
  }
  return "sse2";
}

}  // namespace lathe
