// The lane kernels that turn interleaved integers into planar floats and back; pcm.h is what callers use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lathe {

// How the samples of one block become integers.
struct QuantizeJob {
  float scale = 0;               // 2^(bits - 1)
  std::int32_t lowest = 0;       // -2^(bits - 1)
  std::int32_t highest = 0;      // 2^(bits - 1) - 1
  bool dither = false;           // add TPDF noise of +-1 step before rounding
  bool keeps_steps = false;      // no noise on samples that are whole numbers of steps
  std::uint32_t key = 0;         // of this channel's noise
  std::int64_t first_frame = 0;  // position in the track of x[0]: a multiple of 16
};

struct PcmKernels {
  // Planar float from interleaved little-endian integers of 2 or 3 bytes. bytes may be read up to 4 past the end.
  void (*unpack16)(const std::byte* bytes, int channels, std::int64_t frames, float* out, std::int64_t stride);
  void (*unpack24)(const std::byte* bytes, int channels, std::int64_t frames, float* out, std::int64_t stride);
  // x becomes the quantised values (multiples of 1 / scale); steps gets the integers. Rounds to nearest, ties to even.
  void (*quantize)(const QuantizeJob&, float* x, std::int64_t frames, std::int32_t* steps);
  // Interleaves planar integers to 2 or 3 bytes, little-endian. bytes may be written up to 4 past the end.
  void (*pack16)(const std::int32_t* steps, std::int64_t stride, int channels, std::int64_t frames, std::byte* bytes);
  void (*pack24)(const std::int32_t* steps, std::int64_t stride, int channels, std::int64_t frames, std::byte* bytes);
};

namespace sse2 {
extern const PcmKernels pcm_kernels;
}
namespace avx2 {
extern const PcmKernels pcm_kernels;
}
namespace avx512 {
extern const PcmKernels pcm_kernels;
}

}  // namespace lathe
