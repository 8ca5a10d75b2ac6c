// The memory a block kernel touches: every index is checked on the CPU, none on a device.
#pragma once

#include <cstdint>

#include "kernels/math/host_device.h"

#if !defined(__CUDA_ARCH__)
#include <stdexcept>
#include <string>
#endif

namespace lathe::block {

// Throws std::out_of_range on the CPU when `index` lies outside [0, size); nothing on a device.
LATHE_HOST_DEVICE inline void check_index([[maybe_unused]] std::int64_t index, [[maybe_unused]] std::int64_t size,
                                          [[maybe_unused]] const char* memory) {
#if !defined(__CUDA_ARCH__)
  if (index < 0 || index >= size) {
    throw std::out_of_range("block kernel: index " + std::to_string(index) + " of " + memory + " memory that holds " +
                            std::to_string(size));
  }
#endif
}

// Four values that are loaded at once; they lie at a multiple of 16 bytes.
struct alignas(16) Four {
  float values[4];
};

// An array in a block's shared memory.
template <class T, int Size>
struct SharedArray {
  T values[Size];

  static constexpr int size() { return Size; }
  LATHE_HOST_DEVICE T& operator[](std::int64_t i) {
    check_index(i, Size, "shared");
    return values[i];
  }
  LATHE_HOST_DEVICE const T& operator[](std::int64_t i) const {
    check_index(i, Size, "shared");
    return values[i];
  }
};

// A view of memory that all blocks see: the samples and tables that go in, the results that come out.
template <class T>
struct GlobalSpan {
  T* data = nullptr;
  std::int64_t size = 0;

  LATHE_HOST_DEVICE T& operator[](std::int64_t i) const {
    check_index(i, size, "global");
    return data[i];
  }

  // Values i .. i + 3; data + i lies at a multiple of 16 bytes.
  LATHE_HOST_DEVICE Four four(std::int64_t i) const {
    check_index(i, size, "global");
    check_index(i + 3, size, "global");
    return *reinterpret_cast<const Four*>(data + i);
  }
};

}  // namespace lathe::block
