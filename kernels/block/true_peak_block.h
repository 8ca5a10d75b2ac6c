// True peak of one channel as a block kernel: each block interpolates a tile of it and finds the largest value.
//
//   peak = max over n, p of |sum over k of c[p][k] x[n - taps/2 + 1 + k]|          (interpolation.h, BS.1770-5 Annex 2)
// Tiles begin half a filter before the first frame and end half a filter behind the last, because the curve rings there
// too. Halo: half a filter. Per frame: phases * taps multiply-adds from shared memory, one sample read.
#pragma once

#include "kernels/block/block_kernel.h"

namespace lathe::block {

struct TruePeakTiles {
  static constexpr int kThreads = 128;
  static constexpr int kFramesPerThread = 8;
  static constexpr int kTile = kThreads * kFramesPerThread;
  static constexpr int kPhases = 4;
  static constexpr int kTaps = 32;
  static constexpr int kCoefficients = (kPhases - 1) * kTaps;  // phase 0 is the sample itself

  struct Shared {
    SharedArray<float, kTile + kTaps> x;  // x[i] is the sample i - kTaps/2 + 1 of the tile
    SharedArray<float, kCoefficients> coefficients;
    SharedArray<float, kThreads> peak;
  };

  GlobalSpan<const float> samples;       // the channel
  GlobalSpan<const float> coefficients;  // kPhases - 1 rows of kTaps, as an InterpolationBank of 4 phases has them
  GlobalSpan<float> tile_peaks;          // out: one a block

  static std::int64_t blocks(std::int64_t frames) { return (frames + kTaps + kTile - 1) / kTile; }

  // The larger; NaN if either is.
  LATHE_HOST_DEVICE static float larger(float a, float b) { return b > a || b != b ? b : a; }
  LATHE_HOST_DEVICE static float magnitude(float x) { return x < 0 ? -x : x; }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t first = block.index() * kTile - kTaps / 2;  // the tile's first frame in the track

    block.phase([&](int thread) {
      for (int i = thread; i < kTile + kTaps; i += kThreads) {
        const std::int64_t n = first + i - kTaps / 2 + 1;
        shared.x[i] = n >= 0 && n < samples.size ? samples[n] : 0.0f;
      }
      for (int i = thread; i < kCoefficients; i += kThreads) shared.coefficients[i] = coefficients[i];
    });

    block.phase([&](int thread) {
      float best = 0;
      for (int frame = thread; frame < kTile; frame += kThreads) {
        best = larger(best, magnitude(shared.x[frame + kTaps / 2 - 1]));
        for (int phase = 0; phase < kPhases - 1; ++phase) {
          float sum = 0;
          for (int k = 0; k < kTaps; ++k) sum += shared.coefficients[phase * kTaps + k] * shared.x[frame + k];
          best = larger(best, magnitude(sum));
        }
      }
      shared.peak[thread] = best;
    });

    for (int width = kThreads / 2; width > 0; width /= 2) {
      block.phase([&](int thread) {
        if (thread < width) shared.peak[thread] = larger(shared.peak[thread], shared.peak[thread + width]);
      });
    }

    block.phase([&](int thread) {
      if (thread == 0) tile_peaks[block.index()] = shared.peak[0];
    });
  }
};

}  // namespace lathe::block
