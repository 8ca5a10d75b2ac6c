// The compressor on a device: its levels, a thread a group; its recursions, a thread a chunk of groups, as scans.
//
// A recursion is run three times. The probe sums up what each chunk does to a state: a map y -> M y + e for filters and
// smoothing, y -> max(a, b y + c) for the held reduction, which both compose into maps of their kind. A scan of those
// maps, a block a row, gives the state that each chunk begins with. The third run has it and writes.
// Per frame: 4 bytes read for the level, 12 read and written for the gain; per group some 200 operations in float64.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/dynamics/level_blocks.h"
#include "kernels/math/portable_log.h"

namespace lathe::block {

// h = max(t, R h + (1 - R) t) over a chunk, as a map h -> max(a, b h + c); b = R^chunk is the same for all.
struct HoldProbe {
  static constexpr int kThreads = 64;
  struct Shared {};

  std::int64_t rows, chunks;
  double release;
  GlobalSpan<const double> wanted;  // [row][group]
  GlobalSpan<double> maps;          // out: [row][chunk]: a, c

  std::int64_t blocks() const { return rows * ((chunks + kThreads - 1) / kThreads); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (chunks + kThreads - 1) / kThreads;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kThreads;
    block.phase([&](int thread) {
      const std::int64_t chunk = first + thread;
      if (chunk >= chunks) return;
      double a = 0, c = 0;  // reductions are never below 0
      for (int g = 0; g < kGroupsOfChunk; ++g) {
        const double t = wanted[(row * chunks + chunk) * kGroupsOfChunk + g], rest = (1 - release) * t;
        const double falling = release * a + rest;
        a = t > falling ? t : falling;
        c = release * c + rest;
      }
      maps[2 * (row * chunks + chunk)] = a;
      maps[2 * (row * chunks + chunk) + 1] = c;
    });
  }
};

// The held reduction that each chunk begins with, written where its map's `a` was.
struct HoldScan {
  static constexpr int kThreads = 256;
  struct Map {
    double a, c;
  };
  struct Shared {
    SharedArray<Map, kThreads> maps;
  };

  std::int64_t rows, chunks, chunks_of_thread;
  double chunk_factor, thread_factor;  // R over a chunk, and over those of a thread
  GlobalSpan<double> maps;
  GlobalSpan<double> carried;  // [row]

  std::int64_t blocks() const { return rows; }

  LATHE_HOST_DEVICE static double through(const Map& map, double factor, double held) {
    const double falling = factor * held + map.c;
    return map.a > falling ? map.a : falling;
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t row = block.index();
    block.phase([&](int thread) {
      Map all{0, 0};
      const std::int64_t first = thread * chunks_of_thread;
      for (std::int64_t k = first; k < first + chunks_of_thread && k < chunks; ++k) {
        const Map own{maps[2 * (row * chunks + k)], maps[2 * (row * chunks + k) + 1]};
        all = {through(own, chunk_factor, all.a), chunk_factor * all.c + own.c};
      }
      shared.maps[thread] = all;
    });
    block.phase([&](int thread) {
      if (thread != 0) return;
      double held = carried[row];
      for (int t = 0; t < kThreads; ++t) {
        const Map map = shared.maps[t];
        shared.maps[t].a = held;
        held = through(map, thread_factor, held);
      }
    });
    block.phase([&](int thread) {
      const std::int64_t first = thread * chunks_of_thread;
      if (first >= chunks) return;
      double held = shared.maps[thread].a;
      for (std::int64_t k = first; k < first + chunks_of_thread && k < chunks; ++k) {
        const std::int64_t at = 2 * (row * chunks + k);
        const Map own{maps[at], maps[at + 1]};
        maps[at] = held;
        held = through(own, chunk_factor, held);
      }
      if (first + chunks_of_thread >= chunks) carried[row] = held;
    });
  }
};

// r = A r + (1 - A) h over a chunk. The probe begins with 0 and leaves what it ends with; the other begins with what
// the scan found, and writes the reduction and the gain.
struct Smooth {
  static constexpr int kThreads = 64;
  struct Shared {};

  std::int64_t rows, chunks;
  double attack, release, makeup_db, mix;
  bool probes;
  GlobalSpan<const double> maps;  // of HoldScan
  GlobalSpan<double> states;      // [row][chunk]: ends out of the probe, starts into the other
  GlobalSpan<double> wanted;      // becomes the reduction
  GlobalSpan<float> gain;         // [row][first_gain + group]: mix (g - 1)
  std::int64_t gain_stride, first_gain;

  std::int64_t blocks() const { return rows * ((chunks + kThreads - 1) / kThreads); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (chunks + kThreads - 1) / kThreads;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kThreads;
    block.phase([&](int thread) {
      const std::int64_t chunk = first + thread;
      if (chunk >= chunks) return;
      const std::int64_t at = row * chunks + chunk;
      double held = maps[2 * at], smooth = probes ? 0 : states[at];
      for (int g = 0; g < kGroupsOfChunk; ++g) {
        double& of = wanted[at * kGroupsOfChunk + g];
        const double falling = release * held + (1 - release) * of;
        held = of > falling ? of : falling;
        smooth = attack * smooth + (1 - attack) * held;
        if (probes) continue;
        of = smooth;
        gain[row * gain_stride + first_gain + chunk * kGroupsOfChunk + g] =
            static_cast<float>(mix * (portable_exp((makeup_db - smooth) * 0.11512925464970228420) - 1));
      }
      if (probes) states[at] = smooth;
    });
  }
};

// y = base + x * k, k linear from the end of a group to that of the next; silence outside the track.
struct ApplyGains {
  static constexpr int kThreads = 256;
  static constexpr int kTile = 1024;
  struct Shared {};

  InputRows base, x;  // the frames of `out`; base may be `out`
  OutputRows out;
  std::int64_t channels, curves;
  GlobalSpan<const float> gain;  // [track * curves + curve]
  std::int64_t gain_stride;
  std::int64_t first_group;  // whose gain comes first
  std::int64_t ahead;        // groups that a gain is before its level
  GlobalSpan<const std::int64_t> track_frames;

  std::int64_t blocks() const { return out.rows * ((out.frames + kTile - 1) / kTile); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (out.frames + kTile - 1) / kTile;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kTile;
    const std::int64_t curve = row / channels * curves + (curves == 1 ? 0 : row % channels);
    block.phase([&](int thread) {
      for (std::int64_t n = first + thread; n < first + kTile && n < out.frames; n += kThreads) {
        const std::int64_t at = out.first_frame + n;
        float y = 0;
        if (at >= 0 && at < track_frames[row]) {
          const std::int64_t i = curve * gain_stride + at / kFramesOfGroup - 1 + ahead - first_group;
          const float from = gain[i], step = gain[i + 1] - from;
          const float k = from + step * (static_cast<float>(at % kFramesOfGroup) * 0.125f);
          y = base.at(row, n) + x.at(row, n) * k;
        }
        out.at(row, n) = y;
      }
    });
  }
};

// upper - lower, a band.
struct SubtractRows {
  static constexpr int kThreads = 256;
  static constexpr int kTile = 2048;
  struct Shared {};

  InputRows upper, lower;
  OutputRows out;

  std::int64_t blocks() const { return out.rows * ((out.frames + kTile - 1) / kTile); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (out.frames + kTile - 1) / kTile;
    const std::int64_t row = block.index() / tiles, first = block.index() % tiles * kTile;
    block.phase([&](int thread) {
      for (std::int64_t n = first + thread; n < first + kTile && n < out.frames; n += kThreads)
        out.at(row, n) = upper.at(row, n) - lower.at(row, n);
    });
  }
};

// What a track was turned down by in each second, of the curve that did most: the most, the sum, how often over 1 dB,
// and of how many groups so far.
struct SecondsTurnedDown {
  static constexpr int kThreads = 128;
  struct Part {
    double most, sum, over, groups;
  };
  struct Shared {
    SharedArray<Part, kThreads> parts;
  };

  std::int64_t tracks, channels, curves;
  std::int64_t first_group, groups;  // of the reductions
  double groups_of_second;
  GlobalSpan<const double> reductions;  // [track * curves + curve][group]
  GlobalSpan<const std::int64_t> track_frames;
  std::int64_t first_second, seconds;
  std::int64_t seconds_of_track;
  GlobalSpan<double> found;  // [track][second][4]

  std::int64_t blocks() const { return tracks * seconds; }

  LATHE_HOST_DEVICE std::int64_t first_of(std::int64_t second) const {
    const double start = static_cast<double>(second) * groups_of_second;
    auto group = static_cast<std::int64_t>(start);
    return static_cast<double>(group) < start ? group + 1 : group;
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t track = block.index() / seconds, second = first_second + block.index() % seconds;
    const std::int64_t of_track = (track_frames[track * channels] + kFramesOfGroup - 1) / kFramesOfGroup;
    std::int64_t from = first_of(second), to = first_of(second + 1);
    from = from > first_group ? from : first_group;
    to = to < first_group + groups ? to : first_group + groups;
    to = to < of_track ? to : of_track;
    block.phase([&](int thread) {
      Part part{0, 0, 0, 0};
      for (std::int64_t g = from + thread; g < to; g += kThreads) {
        double most = 0;
        for (std::int64_t u = 0; u < curves; ++u) {
          const double db = reductions[(track * curves + u) * groups + g - first_group];
          most = db > most ? db : most;
        }
        part.most = most > part.most ? most : part.most;
        part.sum += most;
        part.over += most > 1 ? 1 : 0;
        part.groups += 1;
      }
      shared.parts[thread] = part;
    });
    block.phase([&](int thread) {
      if (thread != 0) return;
      const std::int64_t at = 4 * (track * seconds_of_track + second);
      Part all{found[at], found[at + 1], found[at + 2], found[at + 3]};
      for (int t = 0; t < kThreads; ++t) {
        const Part part = shared.parts[t];
        all.most = part.most > all.most ? part.most : all.most;
        all.sum += part.sum;
        all.over += part.over;
        all.groups += part.groups;
      }
      found[at] = all.most;
      found[at + 1] = all.sum;
      found[at + 2] = all.over;
      found[at + 3] = all.groups;
    });
  }
};

}  // namespace lathe::block
