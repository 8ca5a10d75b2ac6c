// The denoiser's arithmetic on a device: windows of a pair of channels into complex transforms, the powers of the
// turned channels, gains, what is taken away, and back. In bytes of device memory per bin and frame: 8 written by the
// gather, 32 read and 24 written for powers, some 40 loads of which most hit a cache for a gain, 8 read and written
// with it.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/fft/batch_fft.h"
#include "kernels/math/hiss_gain.h"

namespace lathe::block {

// Spectra of the pair a + i b: value k of frame f at z[f * points + k].
struct PairSpectra {
  GlobalSpan<Complex32> z;
  std::int64_t points;
  std::int64_t frames;

  LATHE_HOST_DEVICE std::int64_t half() const { return points / 2; }
  LATHE_HOST_DEVICE Complex32& at(std::int64_t frame, std::int64_t k) const { return z[frame * points + k]; }

  // Twice the spectra of both channels at bin k.
  struct Two {
    Complex32 a, b;
  };
  LATHE_HOST_DEVICE Two split(std::int64_t frame, std::int64_t k) const {
    const Complex32 v = at(frame, k), m = at(frame, k == 0 ? 0 : points - k);
    return {{v.re + m.re, v.im - m.im}, {v.im + m.im, m.re - v.re}};
  }
};

// Threads walk over tiles of a row: tile block.index() % tiles of row block.index() / tiles.
template <int Threads, int Tile>
struct RowTiles {
  static constexpr int kThreads = Threads;
  static constexpr int kTile = Tile;
  LATHE_HOST_DEVICE static std::int64_t tiles(std::int64_t length) { return (length + kTile - 1) / kTile; }
  // f(row, n) for the values of a block's tile.
  template <class Block, class F>
  LATHE_HOST_DEVICE static void walk(Block& block, std::int64_t length, F&& f) {
    const std::int64_t count = tiles(length), row = block.index() / count, first = block.index() % count * kTile;
    block.phase([&](int thread) {
      for (std::int64_t n = first + thread; n < first + kTile && n < length; n += kThreads) f(row, n);
    });
  }
};

struct DenoiseGather : RowTiles<256, 2048> {
  struct Shared {};

  InputRows in;
  std::int64_t row_a, row_b;  // row_b < 0: silence
  std::int64_t first, step;   // sample of the window where frame 0 starts, and from frame to frame
  std::int64_t frames;        // that there are; the spectra's others become 0
  GlobalSpan<const float> window;
  PairSpectra out;

  std::int64_t blocks() const { return out.frames * tiles(out.points); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    walk(block, out.points, [&](std::int64_t f, std::int64_t n) {
      Complex32 value{0, 0};
      if (f < frames) {
        const std::int64_t at = first + f * step + n;
        const float w = window[n];
        value = {w * in.at(row_a, at), row_b < 0 ? 0.0f : w * in.at(row_b, at)};
      }
      out.at(f, n) = value;
    });
  }
};

// Powers of the frames' bands, as DenoiseKernels::band_powers: sums[(band * 3 + i) * frames + frame].
struct DenoiseBandPowers : RowTiles<64, 64> {
  struct Shared {};

  PairSpectra spectra;
  GlobalSpan<const std::int32_t> edges;
  GlobalSpan<float> sums;

  LATHE_HOST_DEVICE std::int64_t bands() const { return edges.size - 1; }
  std::int64_t blocks() const { return spectra.frames * tiles(bands()); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    walk(block, bands(), [&](std::int64_t f, std::int64_t band) {
      float a = 0, b = 0, ab = 0;
      for (std::int64_t k = edges[band]; k < edges[band + 1]; ++k) {
        const PairSpectra::Two p = spectra.split(f, k);
        a += p.a.re * p.a.re + p.a.im * p.a.im;
        b += p.b.re * p.b.re + p.b.im * p.b.im;
        ab += p.a.re * p.b.re + p.a.im * p.b.im;
      }
      sums[(band * 3 + 0) * spectra.frames + f] = 0.25f * a;
      sums[(band * 3 + 1) * spectra.frames + f] = 0.25f * b;
      sums[(band * 3 + 2) * spectra.frames + f] = 0.25f * ab;
    });
  }
};

// A PairWeights' tables in device memory, one behind the other; each `bins` long.
struct PairTables {
  GlobalSpan<const float> values;
  std::int64_t bins;
  std::int64_t first_bin, last_bin;

  enum Table { kWhiteA, kWhiteB, kCos, kSin, kScaleA, kScaleB, kShare, kTables };
  LATHE_HOST_DEVICE float of(Table table, std::int64_t k) const { return values[table * bins + k]; }
};

// Planes [frame][bin] of the turned channels.
struct DenoisePlanes {
  GlobalSpan<float> power[2];
  GlobalSpan<float> log[2];   // log2 (least + power)
  GlobalSpan<float> near[2];  // log2 (least + mean of 3 frames x 3 bins)
  std::int64_t bins;

  // Bins beyond the ends are those as far inside.
  LATHE_HOST_DEVICE std::int64_t at(std::int64_t frame, std::int64_t k) const {
    const std::int64_t last = bins - 1, positive = k < 0 ? -k : k;
    return frame * bins + (positive > last ? 2 * last - positive : positive);
  }
};

struct DenoisePowers : RowTiles<256, 1024> {
  struct Shared {};

  PairSpectra spectra;
  PairTables tables;
  DenoisePlanes planes;

  std::int64_t blocks() const { return spectra.frames * tiles(planes.bins); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    using T = PairTables;
    walk(block, planes.bins, [&](std::int64_t f, std::int64_t k) {
      const PairSpectra::Two p = spectra.split(f, k);
      const float wa = 0.5f * tables.of(T::kWhiteA, k), wb = 0.5f * tables.of(T::kWhiteB, k);
      const float c = tables.of(T::kCos, k), s = tables.of(T::kSin, k);
      const Complex32 a{wa * p.a.re, wa * p.a.im}, b{wb * p.b.re, wb * p.b.im};
      const Complex32 turned_a{c * a.re + s * b.re, c * a.im + s * b.im};
      const Complex32 turned_b{c * b.re - s * a.re, c * b.im - s * a.im};
      keep(0, planes.at(f, k), turned_a, tables.of(T::kScaleA, k));
      keep(1, planes.at(f, k), turned_b, tables.of(T::kScaleB, k));
    });
  }

  LATHE_HOST_DEVICE void keep(int channel, std::int64_t at, Complex32 v, float scale) const {
    constexpr float kMost = 1e12f;
    const float power = (v.re * v.re + v.im * v.im) * scale, held = power < kMost ? power : kMost;
    planes.power[channel][at] = held;
    planes.log[channel][at] = hiss_log2(held + static_cast<float>(kHissLeast));
  }
};

// Of all frames but the first and the last.
struct DenoiseNear : RowTiles<256, 1024> {
  struct Shared {};

  DenoisePlanes planes;
  std::int64_t frames;

  std::int64_t blocks() const { return (frames - 2) * tiles(planes.bins); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    walk(block, planes.bins, [&](std::int64_t row, std::int64_t k) {
      for (int c = 0; c < 2; ++c) {
        float sum = 0;
        for (std::int64_t f = row; f < row + 3; ++f) {
          for (std::int64_t j = k - 1; j <= k + 1; ++j) sum += planes.power[c][planes.at(f, j)];
        }
        planes.near[c][planes.at(row + 1, k)] = hiss_log2(sum * (1.0f / 9) + static_cast<float>(kHissLeast));
      }
    });
  }
};

// The spectra of the frames that are weighed become those of what is taken away.
struct DenoiseTakeAway : RowTiles<128, 512> {
  struct Shared {};

  PairSpectra spectra;
  PairTables tables;
  DenoisePlanes planes;
  HissGain form;
  std::int64_t first_frame, frames;  // that are weighed

  std::int64_t blocks() const { return frames * tiles(planes.bins); }

  LATHE_HOST_DEVICE float gain(int channel, std::int64_t f, std::int64_t k) const {
    const GlobalSpan<float>&power = planes.power[channel], &log = planes.log[channel];
    const float least = static_cast<float>(kHissLeast);
    float five_times = 0, five_bins = 0, far_times = 0, far_bins = 0;
    for (std::int64_t i = -2; i <= 2; ++i) {
      five_times += power[planes.at(f + i, k)];
      five_bins += power[planes.at(f, k + i)];
    }
    for (std::int64_t i = 3; i <= 8; ++i) {
      far_times += log[planes.at(f - i, k)] + log[planes.at(f + i, k)];
      far_bins += log[planes.at(f, k - i)] + log[planes.at(f, k + i)];
    }
    const std::int64_t at = planes.at(f, k);
    const float other = planes.near[1 - channel][at], least_other = static_cast<float>(kHissLeastOther);
    const float features[kHissFeatures] = {log[at],
                                           planes.near[channel][at],
                                           hiss_log2(0.2f * five_times + least),
                                           hiss_log2(0.2f * five_bins + least),
                                           far_times,
                                           far_bins,
                                           other > least_other ? other : least_other};
    return hiss_gain_of(features, form);
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    using T = PairTables;
    walk(block, planes.bins, [&](std::int64_t row, std::int64_t k) {
      const std::int64_t f = first_frame + row, mirror = k == 0 ? 0 : spectra.points - k;
      if (k < tables.first_bin || k >= tables.last_bin) {
        spectra.at(f, k) = spectra.at(f, mirror) = {0, 0};
        return;
      }
      const float share = 0.5f * tables.of(T::kShare, k);
      const float ga = share - share * gain(0, f, k), gb = share - share * gain(1, f, k);
      const float c = tables.of(T::kCos, k), s = tables.of(T::kSin, k), cs = c * s;
      // From whitened to whitened: what goes from one channel to the other is whitened there and coloured here.
      const float ratio = tables.of(T::kWhiteB, k) / tables.of(T::kWhiteA, k);
      const float aa = c * c * ga + s * s * gb, bb = s * s * ga + c * c * gb;
      const float ba = cs * ratio * (ga - gb), ab = cs * (1 / ratio) * (ga - gb);
      const PairSpectra::Two p = spectra.split(f, k);
      const Complex32 a{aa * p.a.re + ba * p.b.re, aa * p.a.im + ba * p.b.im};
      const Complex32 b{bb * p.b.re + ab * p.a.re, bb * p.b.im + ab * p.a.im};
      spectra.at(f, k) = {a.re - b.im, a.im + b.re};
      spectra.at(f, mirror) = {a.re + b.im, b.re - a.im};
    });
  }
};

// What the windows of one bank take away: put into rows a and b, or added to what is there.
struct DenoiseScatter : RowTiles<256, 2048> {
  struct Shared {};

  PairSpectra frames;                    // in time again
  std::int64_t first, hop;               // sample of `out` where frame 0 starts
  std::int64_t first_frame, last_frame;  // that are whole
  GlobalSpan<const float> window;
  OutputRows out;
  std::int64_t row_a, row_b;  // row_b < 0: there is none
  bool adds;

  std::int64_t blocks() const { return tiles(out.frames); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    walk(block, out.frames, [&](std::int64_t, std::int64_t n) {
      const std::int64_t last = (n - first) / hop;
      Complex32 sum{0, 0};
      for (std::int64_t f = last - frames.points / hop + 1; f <= last; ++f) {
        if (f < first_frame || f > last_frame) continue;
        const std::int64_t m = n - first - f * hop;
        const Complex32 v = frames.at(f, m);
        sum = {sum.re + window[m] * v.re, sum.im + window[m] * v.im};
      }
      float& a = out.at(row_a, n);
      a = adds ? a + sum.re : sum.re;
      if (row_b < 0) return;
      float& b = out.at(row_b, n);
      b = adds ? b + sum.im : sum.im;
    });
  }
};

// out = in - removed; the squares of what was removed are summed for every tile, in a fixed order.
struct DenoiseSubtract {
  static constexpr int kThreads = 256;
  static constexpr int kTile = 4096;
  struct Shared {
    SharedArray<double, kThreads> sums;
  };

  InputRows in;  // frame `lead` of it is the first of `out`
  std::int64_t lead;
  InputRows removed;
  OutputRows out;
  GlobalSpan<double> squares;  // of each block

  LATHE_HOST_DEVICE static std::int64_t tiles(std::int64_t frames) { return (frames + kTile - 1) / kTile; }
  std::int64_t blocks() const { return out.rows * tiles(out.frames); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t count = tiles(out.frames), row = block.index() / count, first = block.index() % count * kTile;
    block.phase([&](int thread) {
      double sum = 0;
      for (std::int64_t n = first + thread; n < first + kTile && n < out.frames; n += kThreads) {
        const float r = removed.at(row, n);
        sum += static_cast<double>(r) * static_cast<double>(r);
        out.at(row, n) = in.at(row, lead + n) - r;
      }
      shared.sums[thread] = sum;
    });
    for (int step = kThreads / 2; step > 0; step /= 2) {
      block.phase([&](int thread) {
        if (thread < step) shared.sums[thread] += shared.sums[thread + step];
      });
    }
    block.phase([&](int thread) {
      if (thread == 0) squares[block.index()] = shared.sums[0];
    });
  }
};

}  // namespace lathe::block
