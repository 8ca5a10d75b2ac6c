// Overlap-save on a device: gather blocks into complex transforms, multiply by the kernel's spectrum, scatter what is
// whole. Two consecutive blocks of a row share a transform as its real and imaginary part, as on the CPU.
//
// Transform t holds blocks 2 b and 2 b + 1 of row t % rows, b = t / rows; block k makes frames [k * hop, (k + 1) * hop)
// of the output window. Per sample of output and pass, with N = points: 8 N / hop bytes read and written by each of
// gather, multiply and scatter, beside the transforms.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/fft/batch_fft.h"

namespace lathe::block {

// What the three kernels share.
struct OverlapSaveShape {
  std::int64_t points = 0;  // a power of two
  std::int64_t half = 0;    // of the kernel h[-half .. half], or of the causal one h[0 .. half]
  std::int64_t hop = 0;     // points - 2 half, or points - half, or a little less
  int channels = 0;         // rows of one track
  bool mid_side = false;    // rows 0 and 1 of a track are filtered as mid and side
  // A row whose kernel is {1} is taken from the input, bit for bit: `identity_second` is for channel 1, or side.
  bool identity_first = false, identity_second = false;

  LATHE_HOST_DEVICE bool is_second(std::int64_t row) const { return row % channels == 1; }
  LATHE_HOST_DEVICE bool is_identity(std::int64_t row) const {
    return is_second(row) ? identity_second : identity_first;
  }

  // Frame n of a row as the filter sees it: mid = (L + R) / 2 and side = (L - R) / 2 where it works on these.
  LATHE_HOST_DEVICE float source(const InputRows& in, std::int64_t row, std::int64_t n) const {
    if (!mid_side) return in.or_silence(row, n);
    const std::int64_t left = row - row % channels;
    const float l = in.or_silence(left, n), r = in.or_silence(left + 1, n);
    return 0.5f * (row == left ? l + r : l - r);
  }

  // Pairs of blocks that `frames` frames of output take.
  std::int64_t pairs(std::int64_t frames) const { return (frames + 2 * hop - 1) / (2 * hop); }
};

// Blocks of threads walk over values 0 .. length - 1 of every transform that z holds, each over a tile of one of them.
struct TransformTiles {
  static constexpr int kThreads = 256;
  static constexpr int kTile = 2048;

  // Tile of a block: transform `of` of those in z, values from `first` on.
  struct Place {
    std::int64_t of, first;
  };
  LATHE_HOST_DEVICE static std::int64_t tiles(std::int64_t length) { return (length + kTile - 1) / kTile; }
  LATHE_HOST_DEVICE static Place place(std::int64_t block, std::int64_t length) {
    const std::int64_t count = tiles(length);
    return {block / count, block % count * kTile};
  }
};

struct OverlapSaveGather : TransformTiles {
  struct Shared {};

  OverlapSaveShape shape;
  InputRows in;  // `half` frames longer than the output at either end
  GlobalSpan<Complex32> z;
  std::int64_t first_transform;  // z[0] is this one's first value
  std::int64_t transforms;       // that there are in all; what is behind them in z becomes 0

  std::int64_t blocks() const { return z.size / shape.points * tiles(shape.points); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const Place tile = place(block.index(), shape.points);
    const std::int64_t t = first_transform + tile.of, row = t % in.rows, start = t / in.rows * 2 * shape.hop;
    const bool is_empty = t >= transforms || shape.is_identity(row);
    block.phase([&](int thread) {
      for (int k = thread; k < kTile; k += kThreads) {
        const std::int64_t n = tile.first + k;
        if (n >= shape.points) return;
        Complex32 value{0, 0};
        if (!is_empty) {
          value = {shape.source(in, row, start + n), shape.source(in, row, start + n + shape.hop)};
        }
        z[tile.of * shape.points + n] = value;
      }
    });
  }
};

struct MultiplySpectrum : TransformTiles {
  struct Shared {};

  OverlapSaveShape shape;
  std::int64_t rows;
  GlobalSpan<Complex32> z;
  std::int64_t first_transform;
  // Bins 0 .. points / 2 of the first kernel's real response divided by `points`, then of the second's.
  GlobalSpan<const float> response;

  std::int64_t blocks() const { return z.size / shape.points * tiles(shape.points); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const Place tile = place(block.index(), shape.points);
    const std::int64_t bins = shape.points / 2 + 1;
    const std::int64_t first_bin = shape.is_second((first_transform + tile.of) % rows) ? bins : 0;
    block.phase([&](int thread) {
      for (int k = thread; k < kTile; k += kThreads) {
        const std::int64_t n = tile.first + k;
        if (n >= shape.points) return;
        const float h = response[first_bin + (n < bins ? n : shape.points - n)];
        Complex32& value = z[tile.of * shape.points + n];
        value = {h * value.re, h * value.im};
      }
    });
  }
};

// The same for causal kernels, whose responses are complex.
struct MultiplyComplexSpectrum : TransformTiles {
  struct Shared {};

  OverlapSaveShape shape;
  std::int64_t rows;
  GlobalSpan<Complex32> z;
  std::int64_t first_transform;
  GlobalSpan<const float> response;  // real and imaginary part of each bin in turn

  std::int64_t blocks() const { return z.size / shape.points * tiles(shape.points); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const Place tile = place(block.index(), shape.points);
    const std::int64_t bins = shape.points / 2 + 1;
    const std::int64_t first_bin = shape.is_second((first_transform + tile.of) % rows) ? bins : 0;
    block.phase([&](int thread) {
      for (int k = thread; k < kTile; k += kThreads) {
        const std::int64_t n = tile.first + k;
        if (n >= shape.points) return;
        const std::int64_t at = 2 * (first_bin + (n < bins ? n : shape.points - n));
        const float re = response[at], im = n < bins ? response[at + 1] : -response[at + 1];
        Complex32& value = z[tile.of * shape.points + n];
        value = {re * value.re - im * value.im, re * value.im + im * value.re};
      }
    });
  }
};

struct OverlapSaveScatter : TransformTiles {
  struct Shared {};

  OverlapSaveShape shape;
  InputRows in;  // for rows that are left alone
  GlobalSpan<const Complex32> z;
  std::int64_t first_transform;  // a multiple of `channels`, as is the number of transforms in z
  std::int64_t transforms;
  OutputRows out;
  // Of each row's track: outside it the output is silent. Empty: nothing is cut.
  GlobalSpan<const std::int64_t> track_frames;

  std::int64_t blocks() const { return z.size / shape.points * tiles(shape.hop); }

  // Value m of transform `of` in z: frame n of a row's output in its first block, and of its second, a hop later.
  LATHE_HOST_DEVICE Complex32 filtered(std::int64_t of, std::int64_t row, std::int64_t m, std::int64_t n) const {
    if (!shape.is_identity(row)) return z[of * shape.points + shape.half + m];
    return {shape.source(in, row, n + shape.half), shape.source(in, row, n + shape.half + shape.hop)};
  }

  LATHE_HOST_DEVICE void write(std::int64_t row, std::int64_t n, float value) const {
    if (n >= out.frames) return;
    const std::int64_t at = out.first_frame + n;
    const bool inside = track_frames.size == 0 || (at >= 0 && at < track_frames[row]);
    out.at(row, n) = inside ? value : 0.0f;
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const Place tile = place(block.index(), shape.hop);
    const std::int64_t t = first_transform + tile.of, row = t % out.rows, start = t / out.rows * 2 * shape.hop;
    // A side is written together with its mid.
    const bool is_done = t >= transforms || (shape.mid_side && row % shape.channels != 0);
    block.phase([&](int thread) {
      if (is_done) return;
      for (int k = thread; k < kTile; k += kThreads) {
        const std::int64_t m = tile.first + k, n = start + m;
        if (m >= shape.hop) return;
        const Complex32 own = filtered(tile.of, row, m, n);
        if (!shape.mid_side) {
          write(row, n, own.re);
          write(row, n + shape.hop, own.im);
          continue;
        }
        const Complex32 side = filtered(tile.of + 1, row + 1, m, n);
        write(row, n, own.re + side.re);
        write(row + 1, n, own.re - side.re);
        write(row, n + shape.hop, own.im + side.im);
        write(row + 1, n + shape.hop, own.im - side.im);
      }
    });
  }
};

}  // namespace lathe::block
