// The levels of the compressor on a device: powers of groups, a thread a group or, behind the side chain's filter, a
// thread a chunk of them; the scan of that filter's states; and what each group is to be turned down by.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/dynamics/dynamics_lanes.h"
#include "kernels/math/gain_law.h"
#include "kernels/math/portable_log.h"

namespace lathe::block {

constexpr int kFramesOfGroup = 8;
constexpr int kGroupsOfChunk = 32;

// power[row][first_power + g] of groups first_group + g; what the window lacks is silence.
struct GroupPowers {
  static constexpr int kThreads = 128;
  struct Shared {};

  InputRows in;
  std::int64_t first_group, groups;
  bool peaks;
  GlobalSpan<float> power;
  std::int64_t power_stride, first_power;

  std::int64_t blocks() const { return in.rows * ((groups + kThreads - 1) / kThreads); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (groups + kThreads - 1) / kThreads;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kThreads;
    block.phase([&](int thread) {
      const std::int64_t g = first + thread;
      if (g >= groups) return;
      const std::int64_t from = (first_group + g) * kFramesOfGroup - in.first_frame;
      float found = 0;
      for (int k = 0; k < kFramesOfGroup; ++k) {
        const float x = in.or_silence(row, from + k), square = x * x;
        found = peaks ? (square > found ? square : found) : found + square;
      }
      power[row * power_stride + first_power + g] = found;
    });
  }
};

// The side chain's filter over chunks of groups. The probe leaves the state that a chunk ends with when it begins with
// silence; the other begins with `starts` and writes the powers.
struct FilteredPowers {
  static constexpr int kThreads = 64;
  struct Shared {};

  InputRows in;
  std::int64_t first_group, chunks;
  bool peaks, probes;
  SideChainFilter filter;
  GlobalSpan<double> states;  // [row][chunk][2]: ends out of the probe, starts into the other
  GlobalSpan<float> power;
  std::int64_t power_stride, first_power;

  std::int64_t blocks() const { return in.rows * ((chunks + kThreads - 1) / kThreads); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (chunks + kThreads - 1) / kThreads;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kThreads;
    block.phase([&](int thread) {
      const std::int64_t chunk = first + thread;
      if (chunk >= chunks) return;
      const std::int64_t at = 2 * (row * chunks + chunk);
      double z0 = probes ? 0 : states[at], z1 = probes ? 0 : states[at + 1];
      std::int64_t n = (first_group + chunk * kGroupsOfChunk) * kFramesOfGroup - in.first_frame;
      for (int g = 0; g < kGroupsOfChunk; ++g) {
        double found = 0;
        for (int k = 0; k < kFramesOfGroup; ++k, ++n) {
          const double x = in.or_silence(row, n);
          const double y = filter.c[0] * z0 + filter.c[1] * z1 + filter.d * x, square = y * y;
          found = peaks ? (square > found ? square : found) : found + square;
          const double next = filter.a[0][0] * z0 + filter.a[0][1] * z1 + filter.b[0] * x;
          z1 = filter.a[1][0] * z0 + filter.a[1][1] * z1 + filter.b[1] * x;
          z0 = next;
        }
        if (!probes) power[row * power_stride + first_power + chunk * kGroupsOfChunk + g] = static_cast<float>(found);
      }
      if (probes) {
        states[at] = z0;
        states[at + 1] = z1;
      }
    });
  }
};

// y -> M y + e of each chunk, e in `states`, becomes the state that the chunk begins with. A block a row; `carried` is
// the state before the first chunk, and then the one behind the last.
template <int Size>
struct AffineScan {
  static constexpr int kThreads = 256;
  struct Vector {
    double of[Size];
  };
  struct Matrix {
    double of[Size][Size];
  };
  struct Shared {
    SharedArray<Vector, kThreads> ends;
  };

  std::int64_t rows, chunks, chunks_of_thread;
  Matrix chunk, thread_span;  // over one chunk, and over those of a thread
  GlobalSpan<double> states;  // [row][chunk][Size]
  GlobalSpan<double> carried;

  std::int64_t blocks() const { return rows; }

  LATHE_HOST_DEVICE static Vector moved(const Matrix& m, const Vector& y, const Vector& e) {
    Vector next;
    for (int i = 0; i < Size; ++i) {
      next.of[i] = e.of[i];
      for (int j = 0; j < Size; ++j) next.of[i] += m.of[i][j] * y.of[j];
    }
    return next;
  }
  LATHE_HOST_DEVICE static Vector read(const GlobalSpan<double>& from, std::int64_t at) {
    Vector v;
    for (int i = 0; i < Size; ++i) v.of[i] = from[at * Size + i];
    return v;
  }
  LATHE_HOST_DEVICE static void write(const GlobalSpan<double>& to, std::int64_t at, const Vector& v) {
    for (int i = 0; i < Size; ++i) to[at * Size + i] = v.of[i];
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t row = block.index();
    block.phase([&](int thread) {
      Vector y{};
      const std::int64_t first = thread * chunks_of_thread;
      for (std::int64_t c = first; c < first + chunks_of_thread && c < chunks; ++c)
        y = moved(chunk, y, read(states, row * chunks + c));
      shared.ends[thread] = y;
    });
    block.phase([&](int thread) {
      if (thread != 0) return;
      Vector y = read(carried, row);
      for (int t = 0; t < kThreads; ++t) {
        const Vector end = shared.ends[t];
        shared.ends[t] = y;
        y = moved(thread_span, y, end);
      }
    });
    block.phase([&](int thread) {
      const std::int64_t first = thread * chunks_of_thread;
      if (first >= chunks) return;
      Vector y = shared.ends[thread];
      for (std::int64_t c = first; c < first + chunks_of_thread && c < chunks; ++c) {
        const Vector end = read(states, row * chunks + c);
        write(states, row * chunks + c, y);
        y = moved(chunk, y, end);
      }
      if (first + chunks_of_thread >= chunks) write(carried, row, y);
    });
  }
};

// What each group is to be turned down by: powers held or under the window, levels, links, the static curve.
struct WantedReductions {
  static constexpr int kThreads = 128;
  struct Shared {};

  std::int64_t tracks, channels, curves;  // of a track: one curve, or one a channel
  std::int64_t groups;
  GlobalSpan<const float> power;     // [row]: what group g needs lies at g and after it
  std::int64_t power_stride, reach;  // before() + after()
  GlobalSpan<const float> window;    // reach + 1 weights, or none for peaks
  double link;
  GainLaw law;
  std::int64_t silent;        // groups at the front that lie before the track
  GlobalSpan<double> wanted;  // [track * curves + curve][group]

  std::int64_t blocks() const { return tracks * ((groups + kThreads - 1) / kThreads); }

  LATHE_HOST_DEVICE double level_of(std::int64_t row, std::int64_t g) const {
    float found = 0;
    const std::int64_t from = row * power_stride + g;
    for (std::int64_t k = 0; k <= reach; ++k) {
      const float p = power[from + k];
      found = window.size == 0 ? (p > found ? p : found) : found + window[k] * p;
    }
    const auto p = static_cast<double>(found);
    return 4.3429448190325182765 * portable_log(p > 1e-30 ? p : 1e-30);
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (groups + kThreads - 1) / kThreads;
    const std::int64_t track = block.index() / tiles, first = block.index() % tiles * kThreads;
    block.phase([&](int thread) {
      const std::int64_t g = first + thread;
      if (g >= groups) return;
      double loudest = -300;
      for (std::int64_t c = 0; c < channels; ++c) {
        const double level = level_of(track * channels + c, g);
        loudest = level > loudest ? level : loudest;
        if (curves > 1) wanted[(track * curves + c) * groups + g] = level;
      }
      for (std::int64_t u = 0; u < curves; ++u) {
        double& of = wanted[(track * curves + u) * groups + g];
        const double level = curves == 1 ? loudest : of + link * (loudest - of);
        of = g < silent ? 0 : reduction_db(law, level);
      }
    });
  }
};

}  // namespace lathe::block
