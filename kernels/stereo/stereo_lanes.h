// The lane kernels of the stereo stage: mid and side and back, their sums, and the side's gain.
#pragma once

#include <cstdint>

namespace lathe {

struct StereoKernels {
  // sums[0 .. 2]: sums of M^2, S^2 and M S over `count` frames.
  void (*sums)(const float* left, const float* right, std::int64_t count, float* sums);
  // In place: the side of frame n times base + n step.
  void (*scale_side)(float* left, float* right, std::int64_t count, float base, float step);
  // Mid = (L + R) / 2, side = (L - R) / 2, and L = mid + side, R = mid - side. What is written may be what is read.
  void (*to_mid_side)(const float* left, const float* right, std::int64_t count, float* mid, float* side);
  void (*to_left_right)(const float* mid, const float* side, std::int64_t count, float* left, float* right);
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
