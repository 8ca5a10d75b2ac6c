// How one sample is stored in a file or a byte stream: the PCM encodings Lathe reads and writes.
#pragma once

#include "kernels/math/host_device.h"

namespace lathe {

// Interleaved, little-endian. Integers are two's complement, except pcm_u8, which is offset binary.
enum class Encoding { pcm_u8, pcm16, pcm24, pcm32, float32, float64 };

LATHE_HOST_DEVICE constexpr int bytes_per_sample(Encoding e) {
  switch (e) {
    case Encoding::pcm_u8:
      return 1;
    case Encoding::pcm16:
      return 2;
    case Encoding::pcm24:
      return 3;
    case Encoding::pcm32:
    case Encoding::float32:
      return 4;
    case Encoding::float64:
      return 8;
  }
  return 0;
}

LATHE_HOST_DEVICE constexpr bool is_float(Encoding e) { return e == Encoding::float32 || e == Encoding::float64; }

// The word length people talk about: 8, 16, 24, 32 or 64.
LATHE_HOST_DEVICE constexpr int bits_per_sample(Encoding e) { return 8 * bytes_per_sample(e); }

}  // namespace lathe
