// The equaliser of the bass alone (bass_kernel.h) on a device: down to the low rate, and its answer added back.
//
// Per sample of input: 4 bytes read and 8 multiply-adds to lower; 4 read, 4 written and 8 multiply-adds to raise.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"

namespace lathe::block {

// u[m] = sum over k = -4F .. 4F - 1 of p[k] x[F m + k]. The low window counts its frames in low-rate samples.
struct BassLower {
  static constexpr int kThreads = 128;
  static constexpr int kTile = 2048;       // frames of input that a block's low-rate samples stand at
  static constexpr int kMostFactor = 128;  // at 384 kHz
  // One more place every 16 frames, so that threads 16 frames apart read different banks.
  static constexpr int kStaged = (kTile + 8 * kMostFactor) / 16 * 17;

  struct Shared {
    SharedArray<float, kStaged> x;
    SharedArray<float, 8 * kMostFactor> taps;
  };

  InputRows in;  // silence outside it
  OutputRows low;
  std::int64_t factor;           // F: a power of two from 16 to kMostFactor
  GlobalSpan<const float> taps;  // p[-4F .. 4F - 1]

  std::int64_t tiles() const { return (low.frames * factor + kTile - 1) / kTile; }
  std::int64_t blocks() const { return low.rows * tiles(); }
  LATHE_HOST_DEVICE static int place(int i) { return i + i / 16; }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t tiles_of_row = (low.frames * factor + kTile - 1) / kTile;
    const std::int64_t row = block.index() / tiles_of_row, tile = block.index() % tiles_of_row;
    const auto f = static_cast<int>(factor);
    const std::int64_t first_low = tile * (kTile / f);
    // Index in `in` of the first frame that the first of them asks for.
    const std::int64_t start = (low.first_frame + first_low - 4) * factor - in.first_frame;
    block.phase([&](int thread) {
      for (int i = thread; i < kTile + 8 * f; i += kThreads) shared.x[place(i)] = in.or_silence(row, start + i);
      for (int i = thread; i < 8 * f; i += kThreads) shared.taps[i] = taps[i];
    });
    block.phase([&](int thread) {
      for (int m = thread; m < kTile / f; m += kThreads) {
        if (first_low + m >= low.frames) return;
        float sum = 0;
        for (int k = 0; k < 8 * f; ++k) sum += shared.taps[k] * shared.x[place(m * f + k)];
        low.at(row, first_low + m) = sum;
      }
    });
  }
};

// y[n] = x[n] + sum over t = 0 .. 7 of raise[t][r] a[m - 3 + t], n = F m + r; silence outside the track.
struct BassRaise {
  static constexpr int kThreads = 256;
  static constexpr int kPerThread = 4;
  struct Shared {};

  InputRows in;
  InputRows answer;  // at the low rate; holds every sample that `out` asks for
  OutputRows out;
  int factor_bits;                  // F = 1 << factor_bits
  GlobalSpan<const float> weights;  // BassKernel::raise()
  GlobalSpan<const std::int64_t> track_frames;

  std::int64_t blocks() const {
    return out.rows * ((out.frames + kThreads * kPerThread - 1) / (kThreads * kPerThread));
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (out.frames + kThreads * kPerThread - 1) / (kThreads * kPerThread);
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * (kThreads * kPerThread);
    block.phase([&](int thread) {
      for (int k = 0; k < kPerThread; ++k) {
        const std::int64_t n = first + k * kThreads + thread;
        if (n >= out.frames) return;
        const std::int64_t at = out.first_frame + n;
        float y = 0;
        if (at >= 0 && at < track_frames[row]) {
          const std::int64_t factor = std::int64_t{1} << factor_bits, m = at >> factor_bits, r = at & (factor - 1);
          y = in.at(row, at - in.first_frame);
          float sum = 0;
          for (int t = 0; t < 8; ++t) sum += weights[t * factor + r] * answer.at(row, m - 3 + t - answer.first_frame);
          y += sum;
        }
        out.at(row, n) = y;
      }
    });
  }
};

}  // namespace lathe::block
