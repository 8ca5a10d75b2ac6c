// The lane kernels that look at every sample once; inspector.h and average_spectrum.h are what callers use.
#pragma once

#include <cstdint>

namespace lathe {

// Sums stand in rows of 16, frame n in lane n % 16, so that they do not depend on a level's own width.
constexpr int kInspectionLanes = 16;

// Frames that facts are kept of together.
constexpr int kInspectionGroup = 64;

// Of one channel over a block.
struct alignas(64) ChannelRows {
  float sum[kInspectionLanes];
  float square[kInspectionLanes];
  float highest[kInspectionLanes];
  float lowest[kInspectionLanes];
};

// Of two channels over a block.
struct alignas(64) PairRows {
  float product[kInspectionLanes];
  float difference_square[kInspectionLanes];
  float difference_peak[kInspectionLanes];
};

// Transforms of `points` go 32 at a time: segments 2 l and 2 l + 1 in lane l, as real and imaginary parts.
constexpr int kSpectrumBatch = 32;

// Eight bins of both signs of frequency.
constexpr int kRowsABand = 16;

struct InspectionKernels {
  // `groups` groups of x; reads two frames behind them. For each group: peak becomes the larger of itself and max |x|;
  // of sounding, bit r is set when row r of its four rows of 16 holds anything but zero; flat says whether three equal
  // samples in a row, of |x| >= flat_from, begin in it. `rows` is overwritten.
  void (*channel)(const float* x, std::int64_t groups, float flat_from, ChannelRows& rows, float* peak,
                  std::uint8_t* sounding, std::uint8_t* flat);
  // Of each row of 16 frames, peak becomes the larger of itself and the largest |fourth difference|, which needs two
  // frames on both sides.
  void (*fourth_differences)(const float* x, std::int64_t rows, float* peak);
  // `rows` is overwritten.
  void (*pair)(const float* left, const float* right, std::int64_t groups, PairRows& rows);
  // Rows of 16 lanes, times `window`, from kSpectrumBatch segments that stand `stride` apart.
  void (*arrange)(const float* segments, std::int64_t stride, const float* window, std::int64_t points, float* re,
                  float* im);
  // power[row] += sum over the lanes of re^2 + im^2.
  void (*add_powers)(const float* re, const float* im, std::int64_t points, double* power);
  // power[b * 16 + lane] += the sum of re^2 + im^2 over the kRowsABand rows named at rows[b * kRowsABand].
  void (*add_bands)(const float* re, const float* im, const std::int32_t* rows, std::int64_t bands, float* power);
};

namespace sse2 {
extern const InspectionKernels inspection_kernels;
}
namespace avx2 {
extern const InspectionKernels inspection_kernels;
}
namespace avx512 {
extern const InspectionKernels inspection_kernels;
}

const InspectionKernels& inspection_kernels();

}  // namespace lathe
