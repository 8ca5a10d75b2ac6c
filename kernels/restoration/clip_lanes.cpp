// Packing frames into rows, and weighing their spectra. Sums go over 16 columns, whatever the width of a vector.
#include "kernels/restoration/clip_lanes.h"

#include "kernels/simd/lanes.h"
#include "kernels/simd/transpose.h"

namespace lathe::LATHE_LEVEL {
namespace {

constexpr int kRow = 16;

void pack(const float* const* frames, const float* window, std::int64_t points, float* rows) {
  for (std::int64_t n = 0; n < points; n += kFloats) {
    const F w = load(window + n);
    for (int l = 0; l < kRow; l += kFloats) {
      F v[kFloats];
#pragma GCC unroll 16
      for (int i = 0; i < kFloats; ++i) v[i] = load(frames[l + i] + n) * w;
      transpose(v);
#pragma GCC unroll 16
      for (int i = 0; i < kFloats; ++i) store(rows + (n + i) * kRow + l, v[i]);
    }
  }
}

void unpack(const float* rows, std::int64_t count, float* const* to) {
  for (std::int64_t n = 0; n < count; n += kFloats) {
    for (int l = 0; l < kRow; l += kFloats) {
      F v[kFloats];
#pragma GCC unroll 16
      for (int i = 0; i < kFloats; ++i) v[i] = load(rows + (n + i) * kRow + l);
      transpose(v);
#pragma GCC unroll 16
      for (int i = 0; i < kFloats; ++i) store(to[l + i] + n, v[i]);
    }
  }
}

// kFloats lanes from `lane` on, kFloats bins from k on.
inline void spectra_tile(const float* re, const float* im, const std::int32_t* row_of_bin, std::int64_t points,
                         std::int64_t k, int lane, const ClipSpectrum* to) {
  const F half = splat(0.5f);
  F first_re[kFloats], first_im[kFloats], second_re[kFloats], second_im[kFloats];
  for (int i = 0; i < kFloats; ++i) {
    const std::int64_t a = row_of_bin[k + i] * kRow + lane,
                       b = row_of_bin[(points - k - i) & (points - 1)] * kRow + lane;
    const F ra = load(re + a), rb = load(re + b), ia = load(im + a), ib = load(im + b);
    first_re[i] = half * (ra + rb);
    first_im[i] = half * (ia - ib);
    second_re[i] = half * (ia + ib);
    second_im[i] = half * (rb - ra);
  }
  transpose(first_re);
  transpose(first_im);
  transpose(second_re);
  transpose(second_im);
  for (int i = 0; i < kFloats; ++i) {
    const ClipSpectrum first = to[2 * (lane + i)], second = to[2 * (lane + i) + 1];
    store(first.re + k, first_re[i]);
    store(first.im + k, first_im[i]);
    store(first.power + k, fma(first_re[i], first_re[i], first_im[i] * first_im[i]));
    store(second.re + k, second_re[i]);
    store(second.im + k, second_im[i]);
    store(second.power + k, fma(second_re[i], second_re[i], second_im[i] * second_im[i]));
  }
}

void spectra(const float* re, const float* im, const std::int32_t* row_of_bin, std::int64_t points,
             const ClipSpectrum* to) {
  for (std::int64_t k = 0; k < clip_row(points); k += kFloats) {
    for (int lane = 0; lane < kRow; lane += kFloats) spectra_tile(re, im, row_of_bin, points, k, lane, to);
  }
}

void weights(const float* before, const float* here, const float* after, std::int64_t points, float* level, float* to) {
  const std::int64_t top = points / 2;
  constexpr float kScale = 1 / (1 + 2 * kClipNeighbourFrame), kBinScale = 1 / (1 + 2 * kClipNeighbourBin);
  float* at = level + 16;
  F sum[kRow / kFloats] = {};
  for (std::int64_t k = 0; k < top; k += kRow) {
#pragma GCC unroll 4
    for (int v = 0; v < kRow / kFloats; ++v) {
      const std::int64_t i = k + v * kFloats;
      const F value =
          splat(kScale) * fma(splat(kClipNeighbourFrame), load(before + i) + load(after + i), load(here + i));
      store(at + i, value);
      sum[v] += value;
    }
  }
  at[top] = kScale * (here[top] + kClipNeighbourFrame * (before[top] + after[top]));
  at[-1] = at[1];
  for (int i = 1; i < 16; ++i) at[top + i] = at[top - i];
  float all[kRow];
  for (int v = 0; v < kRow / kFloats; ++v) store(all + v * kFloats, sum[v]);
  for (int half = kRow / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) all[l] += all[l + half];
  }
  const float floor = kClipFloor * (all[0] + at[top]) / static_cast<float>(top + 1) + 1e-18f;
  for (std::int64_t k = 0; k < clip_row(points); k += kFloats) {
    const F beside = load(at + k - 1) + load(at + k + 1);
    const F power = fma(splat(kClipNeighbourBin), beside, load(at + k));
    store(to + k, splat(1.0f) / fma(power, splat(kBinScale), splat(floor)));
  }
}

void weigh(const float* const* weights, const ClipSpectrum* from, const std::int32_t* row_of_bin, std::int64_t points,
           float* re, float* im) {
  const std::int64_t top = points / 2;
  for (std::int64_t k = 0; k <= top; k += kFloats) {
    for (int lane = 0; lane < kRow; lane += kFloats) {
      F w[kFloats], wr[kFloats], wi[kFloats];
      for (int i = 0; i < kFloats; ++i) {
        w[i] = load(weights[lane + i] + k);
        wr[i] = w[i] * load(from[lane + i].re + k);
        wi[i] = w[i] * load(from[lane + i].im + k);
      }
      transpose(w);
      transpose(wr);
      transpose(wi);
      for (int i = 0; i < kFloats && k + i <= top; ++i) {
        const std::int64_t up = row_of_bin[k + i] * kRow + lane,
                           down = row_of_bin[(points - k - i) & (points - 1)] * kRow + lane;
        // The mirrored bin first: at 0 and half the rate both are one, and there the spectrum is real.
        store(re + down, wr[i]);
        store(im + down, w[i] - wi[i]);
        store(re + up, wr[i]);
        store(im + up, w[i] + wi[i]);
      }
    }
  }
}

}  // namespace

extern const ClipKernels clip_kernels;
const ClipKernels clip_kernels = {pack, spectra, weights, weigh, unpack};

}  // namespace lathe::LATHE_LEVEL
