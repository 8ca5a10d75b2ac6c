// The lane kernel under the octave meter; octave_meter.h is what callers use.
#pragma once

#include <cstdint>

namespace lathe {

// Of 16 segments over the bins of one octave. Where the pair is mid and side, `side` is the second's share and `tilt`
// the real part of mid times the conjugate of side; the last three are K-weighted.
struct alignas(64) OctaveSums {
  float power[16];
  float side[16];
  float weighted[16];
  float weighted_side[16];
  float weighted_tilt[16];
};

struct OctaveKernels {
  // Adds the bins whose transforms at k and -k lie in the rows named at rows[2 i] and rows[2 i + 1]; weight[i] is the
  // K-weighting's power there.
  void (*sum)(const float* re, const float* im, const std::int32_t* rows, const float* weight, std::int64_t bins,
              OctaveSums& sums);
};

namespace sse2 {
extern const OctaveKernels octave_kernels;
}
namespace avx2 {
extern const OctaveKernels octave_kernels;
}
namespace avx512 {
extern const OctaveKernels octave_kernels;
}

const OctaveKernels& octave_kernels();

}  // namespace lathe
