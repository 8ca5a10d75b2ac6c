// Sixteen partial sums a block, folded in the same order at every level.
#include "kernels/stereo/stereo_lanes.h"

#include "kernels/simd/lanes.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kRow = 16, kParts = kRow / kFloats;

inline float folded(const F* sums) {
  float lanes[kRow];
  for (int p = 0; p < kParts; ++p) store(lanes + p * kFloats, sums[p]);
  for (int width = kRow / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

// Calls row(left, right, first frame) for each row of 16; what is left over at the end in a row that 0 fills up. With
// Back that row is copied back.
template <bool Back, class Pointer, class Row>
inline void for_rows(Pointer* left, Pointer* right, std::int64_t count, const Row& row) {
  const std::int64_t whole = count / kRow * kRow;
  for (std::int64_t n = 0; n < whole; n += kRow) row(left + n, right + n, n);
  if (whole == count) return;
  float l[kRow] = {}, r[kRow] = {};
  for (std::int64_t n = whole; n < count; ++n) {
    l[n - whole] = left[n];
    r[n - whole] = right[n];
  }
  row(l, r, whole);
  if constexpr (Back) {
    for (std::int64_t n = whole; n < count; ++n) {
      left[n] = l[n - whole];
      right[n] = r[n - whole];
    }
  }
}

void sums(const float* left, const float* right, std::int64_t count, float* out) {
  F mid[kParts] = {}, side[kParts] = {}, cross[kParts] = {};
  for_rows<false>(left, right, count, [&](const float* l, const float* r, std::int64_t) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const F a = load(l + p * kFloats), b = load(r + p * kFloats);
      const F m = splat(0.5f) * (a + b), s = splat(0.5f) * (a - b);
      mid[p] = fma(m, m, mid[p]);
      side[p] = fma(s, s, side[p]);
      cross[p] = fma(m, s, cross[p]);
    }
  });
  out[0] = folded(mid);
  out[1] = folded(side);
  out[2] = folded(cross);
}

void scale_side(float* left, float* right, std::int64_t count, float base, float step) {
  float ramp[kRow];
  for (int i = 0; i < kRow; ++i) ramp[i] = static_cast<float>(i);
  for_rows<true>(left, right, count, [&](float* l, float* r, std::int64_t first) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const F gain = fma(load(ramp + p * kFloats) + splat(static_cast<float>(first)), splat(step), splat(base));
      const F a = load(l + p * kFloats), b = load(r + p * kFloats);
      const F m = splat(0.5f) * (a + b), s = splat(0.5f) * (a - b);
      store(l + p * kFloats, fma(gain, s, m));
      store(r + p * kFloats, fnma(gain, s, m));
    }
  });
}

void to_mid_side(const float* left, const float* right, std::int64_t count, float* mid, float* side) {
  std::int64_t n = 0;
  for (; n + kFloats <= count; n += kFloats) {
    const F a = load(left + n), b = load(right + n);
    store(mid + n, splat(0.5f) * (a + b));
    store(side + n, splat(0.5f) * (a - b));
  }
  for (; n < count; ++n) {
    const float a = left[n], b = right[n];
    mid[n] = 0.5f * (a + b);
    side[n] = 0.5f * (a - b);
  }
}

void to_left_right(const float* mid, const float* side, std::int64_t count, float* left, float* right) {
  std::int64_t n = 0;
  for (; n + kFloats <= count; n += kFloats) {
    const F m = load(mid + n), s = load(side + n);
    store(left + n, m + s);
    store(right + n, m - s);
  }
  for (; n < count; ++n) {
    const float m = mid[n], s = side[n];
    left[n] = m + s;
    right[n] = m - s;
  }
}

}  // namespace

extern const StereoKernels stereo_kernels;
const StereoKernels stereo_kernels = {sums, scale_side, to_mid_side, to_left_right};

}  // namespace lathe::LATHE_LEVEL
