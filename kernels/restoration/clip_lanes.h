// The lane kernels of the declipper's spectra: frames side by side in rows of 16, bins side by side elsewhere.
#pragma once

#include <cstdint>

namespace lathe {

// Rows of bins are this long, and 64-byte aligned; what lies behind bin points / 2 is finite and means nothing.
constexpr std::int64_t clip_row(std::int64_t points) { return points / 2 + 16; }

// The spectrum of one real frame: rows of bins.
struct ClipSpectrum {
  float* re = nullptr;
  float* im = nullptr;
  float* power = nullptr;
};

struct ClipKernels {
  // rows[n * 16 + l] = frames[l][n] * window[n] for n < points, a multiple of 16.
  void (*pack)(const float* const* frames, const float* window, std::int64_t points, float* rows);
  // 32 spectra out of the transforms of 16 sequences, each one real frame + i another.
  void (*spectra)(const float* re, const float* im, const std::int32_t* row_of_bin, std::int64_t points,
                  const ClipSpectrum* to);
  // weights = 1 / (powers smoothed over three frames and over three bins + a floor). level: room for a row and 32 more.
  void (*weights)(const float* before, const float* here, const float* after, std::int64_t points, float* level,
                  float* weights);
  // Into each of 16 sequences: the spectrum of (the weighted frame) + i (the sequence whose spectrum the weights are).
  void (*weigh)(const float* const* weights, const ClipSpectrum* from, const std::int32_t* row_of_bin,
                std::int64_t points, float* re, float* im);
  // to[l][n] = rows[n * 16 + l] for n < count, a multiple of 16.
  void (*unpack)(const float* rows, std::int64_t count, float* const* to);
};

// A neighbour frame counts half, a neighbour bin a third; what lies under a millionth of the mean power is no less
// likely than that. Found on orchestra, metal and electronic music.
constexpr float kClipNeighbourFrame = 0.5f, kClipNeighbourBin = 0.3f, kClipFloor = 1e-6f;

namespace sse2 {
extern const ClipKernels clip_kernels;
}
namespace avx2 {
extern const ClipKernels clip_kernels;
}
namespace avx512 {
extern const ClipKernels clip_kernels;
}

}  // namespace lathe
