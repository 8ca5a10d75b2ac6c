// The lane kernels of the stereo stage: sums of mid and side, and the side's gain.
#pragma once

#include <cstdint>

namespace lathe {

struct StereoKernels {
  // sums[0 .. 2]: sums of M^2, S^2 and M S over `count` frames.
  void (*sums)(const float* left, const float* right, std::int64_t count, float* sums);
  // In place: the side of frame n times base + n step.
  void (*scale_side)(float* left, float* right, std::int64_t count, float base, float step);
};

namespace sse2 {
extern const StereoKernels stereo_kernels;
}
namespace avx2 {
extern const StereoKernels stereo_kernels;
}
namespace avx512 {
extern const StereoKernels stereo_kernels;
}

const StereoKernels& stereo_kernels();

}  // namespace lathe
