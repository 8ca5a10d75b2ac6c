// The search for impulses as block kernels: models, prediction errors, their levels, alarms, and gaps filled, for many
// blocks of a track at once.
//
// A task is one block of the track with its neighbourhood, in the one or two channels that are looked at together; a
// row is one channel of a task. Every sum has the order of the CPU's lanes (impulse_lanes.cpp), products and sums are
// fused where those say so and nowhere else (the CUDA file is compiled without contraction): on one stretch of samples
// both find the same spans and leave the same bits, so that no decision depends on the backend.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/math/host_device.h"
#include "kernels/restoration/impulse_scan.h"

namespace lathe::block {

// Where everything lies; what all kernels hold.
struct ImpulseBatch {
  static constexpr int kCell = 32;      // of the lanes
  static constexpr int kTile = 512;     // frames; divides a block with its neighbourhood
  static constexpr int kMostLags = 64;  // order + 1 at most
  static constexpr int kMostCells = 144;
  static constexpr int kMostWords = 1296;  // of 32 frames: 384 kHz

  int order, scale, size, context, hop, merge, longest, most, cells;
  float threshold;
  std::int64_t blocks, groups;  // tasks are [group][block]
  int channels;                 // of a group
  int pass;

  GlobalSpan<const float> samples;  // [channel][sample_stride]: from `context` before the batch's first block on
  std::int64_t sample_stride;
  GlobalSpan<const float> window;
  GlobalSpan<float> work, forward, backward;  // [row][size]
  GlobalSpan<double> model, products;         // [row][order + 1]; the autocorrelation of the model
  GlobalSpan<float> means, tops;              // [row][2][size / kCell], forward and backward
  GlobalSpan<float> level, peaks;             // [row][2][cells]
  GlobalSpan<std::uint32_t> marks;            // [task][size / 32], a bit a frame, of all passes and channels
  GlobalSpan<std::int32_t> changed;           // [task]: bit c: channel c is to be modelled anew
  GlobalSpan<ImpulseSpan> spans;              // [pass][task][most]
  GlobalSpan<std::int32_t> counts;            // [pass][task]: may be more than `most`
  GlobalSpan<double> columns, gaps, inverse;  // [row][gap's most][order + 1], [row][gap's most]

  LATHE_HOST_DEVICE std::int64_t tasks() const { return groups * blocks; }
  LATHE_HOST_DEVICE std::int64_t rows() const { return tasks() * channels; }
  LATHE_HOST_DEVICE int words() const { return size / 32; }
  LATHE_HOST_DEVICE int most_of_gap() const { return longest + 5; }
  LATHE_HOST_DEVICE bool is_due(std::int64_t row) const {
    return pass == 0 || (changed[row / channels] >> row % channels & 1) != 0;
  }
  LATHE_HOST_DEVICE static float magnitude_of(float x) { return x < 0 ? -x : x; }
};

// Copies each row's samples to where they are mended.
struct ImpulseRows : ImpulseBatch {
  static constexpr int kThreads = 128;
  struct Shared {};

  std::int64_t launches() const { return rows(); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t row = block.index(), task = row / channels;
    const std::int64_t from = (task / blocks * channels + row % channels) * sample_stride + task % blocks * hop;
    block.phase([&](int thread) {
      for (int n = thread; n < size; n += kThreads) work[row * size + n] = samples[from + n];
    });
  }
};

// The windowed autocorrelation and the model of it: a block a row. Each lag has four sums, of each fourth frame, which
// are chains of a thread.
struct ImpulseModel : ImpulseBatch {
  static constexpr int kThreads = 128;
  static constexpr int kChains = 4 * kMostLags / kThreads;
  struct Shared {
    SharedArray<double, kTile + kMostLags> x;
    SharedArray<double, 4 * kMostLags> parts;
    SharedArray<double, kMostLags> r, a, next;
    double left, reflection;
    int is_done;
  };
  struct Chains {
    double sums[kChains];
  };

  std::int64_t launches() const { return rows(); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t row = block.index();
    if (!is_due(row)) return;
    const int lags = (order + 16) / 16 * 16;
    typename Block::template PerThread<Chains> chains;
    block.phase([&](int thread) {
      for (int i = 0; i < kChains; ++i) chains[thread].sums[i] = 0;
    });
    for (int first = 0; first < size; first += kTile) {
      block.phase([&](int thread) {
        for (int n = thread; n < kTile + kMostLags; n += kThreads) {
          const int at = first + n;
          shared.x[n] = at < size ? static_cast<double>(work[row * size + at]) * static_cast<double>(window[at]) : 0.0;
        }
      });
      block.phase([&](int thread) {
        for (int i = 0; i < kChains; ++i) {
          const int chain = thread + i * kThreads;
          if (chain >= 4 * lags) continue;
          const int lag = chain % lags;
          double sum = chains[thread].sums[i];
          for (int n = chain / lags; n < kTile; n += 4) sum = std::fma(shared.x[n], shared.x[n + lag], sum);
          chains[thread].sums[i] = sum;
        }
      });
    }
    block.phase([&](int thread) {
      for (int i = 0; i < kChains; ++i) shared.parts[thread + i * kThreads] = chains[thread].sums[i];
    });
    block.phase([&](int thread) {
      if (thread <= order) {
        const SharedArray<double, 4 * kMostLags>& p = shared.parts;
        shared.r[thread] = (p[thread] + p[lags + thread]) + (p[2 * lags + thread] + p[3 * lags + thread]);
        shared.a[thread] = thread == 0 ? 1 : 0;
      }
      if (thread == 0) shared.is_done = 0;
    });
    levinson(block, shared);
    block.phase([&](int thread) {
      if (thread > order) return;
      double even = 0, odd = 0;
      int j = 0;
      for (; j + 1 + thread <= order; j += 2) {
        even += shared.a[j] * shared.a[j + thread];
        odd += shared.a[j + 1] * shared.a[j + 1 + thread];
      }
      if (j + thread <= order) even += shared.a[j] * shared.a[j + thread];
      products[row * (order + 1) + thread] = even + odd;
      model[row * (order + 1) + thread] = shared.a[thread];
    });
  }

 private:
  // fit_ar() with a thread for each coefficient.
  template <class Block>
  LATHE_HOST_DEVICE void levinson(Block& block, Shared& shared) const {
    block.phase([&](int thread) {
      if (thread == 0) shared.left = shared.r[0] * (1 + 1e-9) + 1e-14 * size;
    });
    for (int m = 1; m <= order; ++m) {
      block.phase([&](int thread) {
        if (thread != 0) return;
        double sum = shared.r[m];
        for (int k = 1; k < m; ++k) sum += shared.a[k] * shared.r[m - k];
        const double reflection = -sum / shared.left;
        shared.reflection = reflection;
        shared.is_done = reflection > -1 && reflection < 1 ? 0 : 1;
      });
      if (block.read(shared.is_done) != 0) break;
      block.phase([&](int thread) {
        if (thread >= 1 && thread < m)
          shared.next[thread] = shared.a[thread] + shared.reflection * shared.a[m - thread];
      });
      block.phase([&](int thread) {
        if (thread >= 1 && thread < m) shared.a[thread] = shared.next[thread];
        if (thread != 0) return;
        shared.a[m] = shared.reflection;
        shared.left *= 1 - shared.reflection * shared.reflection;
      });
    }
  }
};

// Prediction errors both ways in time, and of each 32 their mean and largest: a block a tile of a row.
struct ImpulseErrors : ImpulseBatch {
  static constexpr int kThreads = 128;
  static constexpr int kCells = kTile / kCell;
  static constexpr int kStride = kCell + 1;
  struct Shared {
    SharedArray<float, kTile + 2 * kMostLags> x;
    SharedArray<float, kMostLags> a;
    SharedArray<float, 2 * kCells * kStride> e;  // magnitudes, [direction][cell]
  };

  std::int64_t launches() const { return rows() * (size / kTile); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t row = block.index() / (size / kTile);
    const int first = static_cast<int>(block.index() % (size / kTile)) * kTile;
    if (!is_due(row)) return;
    block.phase([&](int thread) {
      for (int n = thread; n < kTile + 2 * kMostLags; n += kThreads) {
        const int at = first + n - kMostLags;
        shared.x[n] = at >= 0 && at < size ? work[row * size + at] : 0.0f;
      }
      if (thread <= order) shared.a[thread] = static_cast<float>(model[row * (order + 1) + thread]);
    });
    block.phase([&](int thread) {
      for (int n = thread; n < kTile; n += kThreads) {
        float ahead = 0, back = 0;
        for (int k = 0; k <= order; ++k) {
          ahead = std::fma(shared.a[k], shared.x[n + kMostLags - k], ahead);
          back = std::fma(shared.a[k], shared.x[n + kMostLags + k], back);
        }
        forward[row * size + first + n] = ahead;
        backward[row * size + first + n] = back;
        const int at = n / kCell * kStride + n % kCell;
        shared.e[at] = magnitude_of(ahead);
        shared.e[kCells * kStride + at] = magnitude_of(back);
      }
    });
    block.phase([&](int thread) {
      if (thread >= 2 * kCells) return;
      const int e = thread * kStride;
      for (int i = 0; i < 16; ++i) {
        const float low = shared.e[e + i], high = shared.e[e + 16 + i];
        shared.e[e + i] = low + high;
        shared.e[e + 16 + i] = low > high ? low : high;
      }
      for (int width = 8; width >= 1; width /= 2) {
        for (int i = 0; i < width; ++i) {
          shared.e[e + i] += shared.e[e + i + width];
          const float other = shared.e[e + 16 + i + width];
          if (other > shared.e[e + 16 + i]) shared.e[e + 16 + i] = other;
        }
      }
      const std::int64_t to = (row * 2 + thread / kCells) * (size / kCell) + first / kCell + thread % kCells;
      means[to] = shared.e[e] * (1.0f / kCell);
      tops[to] = shared.e[e + 16];
    });
  }
};

// The level of the errors around each cell: a block a row, a thread a cell.
struct ImpulseLevels : ImpulseBatch {
  static constexpr int kThreads = kMostCells;
  struct Shared {
    SharedArray<float, kMostCells> means, medians;
  };

  std::int64_t launches() const { return rows(); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t row = block.index();
    if (!is_due(row)) return;
    const int last = cells - ImpulseLevelForm::kMedianOf;
    for (int d = 0; d < 2; ++d) {
      const std::int64_t fine = (row * 2 + d) * (size / kCell), coarse = (row * 2 + d) * cells;
      block.phase([&](int thread) {
        if (thread >= cells) return;
        float sum = 0, peak = 0;
        for (int k = 0; k < scale; ++k) {
          const float top = tops[fine + thread * scale + k];
          sum += means[fine + thread * scale + k];
          peak = top > peak ? top : peak;
        }
        shared.means[thread] = scale > 1 ? sum / static_cast<float>(scale) : sum;
        peaks[coarse + thread] = peak;
      });
      block.phase([&](int thread) {
        if (thread <= last) shared.medians[thread] = median(shared, thread);
      });
      block.phase([&](int thread) {
        if (thread >= cells) return;
        const int before = thread - ImpulseLevelForm::kApart - ImpulseLevelForm::kMedianOf + 1;
        const int after = thread + ImpulseLevelForm::kApart;
        level[coarse + thread] = ImpulseLevelForm::level(shared.medians[before < 0      ? 0
                                                                        : before > last ? last
                                                                                        : before],
                                                         shared.medians[after > last ? last : after]);
      });
    }
  }

 private:
  LATHE_HOST_DEVICE static void sort(float& a, float& b) {
    const float low = a < b ? a : b;
    b = a < b ? b : a;
    a = low;
  }
  // The mean of the fourth and the fifth of eight.
  LATHE_HOST_DEVICE static float median(const Shared& shared, int first) {
    float a = shared.means[first], b = shared.means[first + 1], c = shared.means[first + 2],
          d = shared.means[first + 3];
    float e = shared.means[first + 4], f = shared.means[first + 5], g = shared.means[first + 6],
          h = shared.means[first + 7];
    sort(a, b), sort(c, d), sort(e, f), sort(g, h);
    sort(a, c), sort(b, d), sort(b, c);
    sort(e, g), sort(f, h), sort(f, g);
    sort(a, e), sort(b, f), sort(c, g), sort(d, h);
    sort(c, e), sort(d, f), sort(d, e);
    return (d + e) * 0.5f;
  }
};

// Alarms, joined to spans: a block a task. A thread marks 32 frames; one joins them, word by word, for most are empty.
struct ImpulseAlarms : ImpulseBatch {
  static constexpr int kThreads = 128;
  struct Shared {
    SharedArray<std::uint32_t, 2 * kMostWords> words;
    int has_spans;
  };

  std::int64_t launches() const { return tasks(); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t task = block.index();
    if (pass > 0 && changed[task] == 0) {
      block.phase([&](int thread) {
        if (thread == 0) counts[pass * tasks() + task] = 0;
      });
      return;
    }
    block.phase([&](int thread) {
      for (int i = thread; i < channels * words(); i += kThreads)
        shared.words[i] = marked(task * channels + i / words(), i % words());
    });
    block.phase([&](int thread) {
      if (thread == 0) shared.has_spans = join(shared, task) ? 1 : 0;
    });
    block.phase([&](int thread) {
      for (int w = thread; w < words(); w += kThreads) {
        std::uint32_t bits = pass == 0 ? 0 : marks[task * words() + w];
        if (shared.has_spans != 0) bits |= shared.words[w] | (channels > 1 ? shared.words[words() + w] : 0);
        marks[task * words() + w] = bits;
      }
    });
  }

 private:
  LATHE_HOST_DEVICE std::uint32_t marked(std::int64_t row, int word) const {
    std::uint32_t bits = 0;
    const std::int64_t cell = word / scale;
    for (int d = 0; d < 2; ++d) {
      const float limit = threshold * level[(row * 2 + d) * cells + cell];
      if (!(peaks[(row * 2 + d) * cells + cell] > limit)) continue;
      const float other_limit = threshold * level[(row * 2 + 1 - d) * cells + cell];
      const GlobalSpan<float>&e = d == 0 ? forward : backward, &other = d == 0 ? backward : forward;
      const int begin = word * 32 > order ? word * 32 : order;
      const int end = word * 32 + 32 < size - order ? word * 32 + 32 : size - order;
      for (int n = begin; n < end; ++n) {
        if (!(magnitude_of(e[row * size + n]) > limit)) continue;
        const int first = n > ImpulseLevelForm::kSame ? n - ImpulseLevelForm::kSame : 0;
        const int last = n + ImpulseLevelForm::kSame < size - 1 ? n + ImpulseLevelForm::kSame : size - 1;
        for (int k = first; k <= last; ++k) {
          if (magnitude_of(other[row * size + k]) > other_limit) {
            bits |= std::uint32_t{1} << (n & 31);
            break;
          }
        }
      }
    }
    return bits;
  }

  // Whether there are spans.
  LATHE_HOST_DEVICE bool join(Shared& shared, std::int64_t task) const {
    ImpulseSpan span{0, 0, 0};
    int count = 0, channels_with_spans = 0;
    const auto close = [&] {
      if (span.channels == 0 || span.end - span.first > longest) return;
      if (count < most) {
        const int from = span.first - 2 > order ? span.first - 2 : order;
        const int to = span.end + 3 < size - order ? span.end + 3 : size - order;
        spans[(pass * tasks() + task) * most + count] = {from, to, span.channels};
        channels_with_spans |= span.channels;
      }
      ++count;
    };
    for (int w = 0; w < words(); ++w) {
      const std::uint32_t first = shared.words[w], second = channels > 1 ? shared.words[words() + w] : 0;
      if ((first | second) == 0) continue;
      for (int i = 0; i < 32; ++i) {
        const int here = static_cast<int>((first >> i & 1) | (second >> i & 1) << 1);
        if (here == 0) continue;
        const int n = w * 32 + i;
        if (span.channels == 0 || n - span.end >= merge) {
          close();
          span = {n, n, 0};
        }
        span.end = n + 1;
        span.channels |= here;
      }
    }
    close();
    counts[pass * tasks() + task] = count;
    changed[task] = channels_with_spans;
    return count > 0;
  }
};

}  // namespace lathe::block
