// The stereo stage on a device: sums of blocks of a hundredth of a second, what the guard makes of them, and the side's
// gain. Rows 2 p and 2 p + 1 are left and right of pair p.
//
// Per frame: 8 bytes read and 8 operations for each of two sums; 8 read, 8 written and 7 operations to scale the side.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/math/stereo_guard.h"

namespace lathe::block {

// Values of blocks, windows or knots first .. first + count - 1 of every pair.
template <class T>
struct StereoRow {
  T* data = nullptr;
  std::int64_t pairs = 0;
  std::int64_t first = 0, count = 0;

  std::int64_t size() const { return pairs * count; }
  LATHE_HOST_DEVICE T& at(std::int64_t pair, std::int64_t k) const {
    check_index(k - first, count, "global (blocks of a pair)");
    check_index(pair, pairs, "global (pairs)");
    return data[pair * count + k - first];
  }
  StereoRow<const T> read_only() const { return {data, pairs, first, count}; }
};

// The sums of one block of `frames` frames; what lies outside the window is silence.
struct StereoBlockSums {
  static constexpr int kThreads = 128;
  struct Shared {
    SharedArray<StereoSums, kThreads> sums;
  };

  InputRows in;
  StereoRow<StereoSums> out;
  std::int64_t frames;
  double width;  // that the side has later

  std::int64_t blocks() const { return out.size(); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t pair = block.index() / out.count, k = out.first + block.index() % out.count;
    const std::int64_t start = k * frames - in.first_frame;
    block.phase([&](int thread) {
      StereoSums sums{0, 0, 0};
      for (std::int64_t n = thread; n < frames; n += kThreads) {
        const double l = in.or_silence(2 * pair, start + n), r = in.or_silence(2 * pair + 1, start + n);
        const double m = 0.5 * (l + r), s = 0.5 * (l - r);
        sums.mid += m * m;
        sums.side += s * s;
        sums.cross += m * s;
      }
      shared.sums[thread] = sums;
    });
    for (int half = kThreads / 2; half > 0; half /= 2) {
      block.phase([&](int thread) {
        if (thread < half) shared.sums[thread].add(shared.sums[thread + half]);
      });
    }
    block.phase([&](int thread) {
      if (thread != 0) return;
      const StereoSums sums = shared.sums[0];
      out.at(pair, k) = {sums.mid, width * width * sums.side, width * sums.cross};
    });
  }
};

// One value a thread, of every pair.
struct StereoThreads {
  static constexpr int kThreads = 64;
  struct Shared {};

  // Calls each(pair, k) for the value of this thread, if there is one.
  template <class T, class Block, class Each>
  LATHE_HOST_DEVICE static void run_each(Block& block, const StereoRow<T>& out, const Each& each) {
    block.phase([&](int thread) {
      const std::int64_t i = block.index() * kThreads + thread;
      if (i < out.pairs * out.count) each(i / out.count, out.first + i % out.count);
    });
  }
  static std::int64_t blocks_for(std::int64_t values) { return (values + kThreads - 1) / kThreads; }
};

// Blocks of the pair's track.
LATHE_HOST_DEVICE inline std::int64_t stereo_blocks(GlobalSpan<const std::int64_t> track_frames, std::int64_t pair,
                                                    std::int64_t frames) {
  return (track_frames[2 * pair] + frames - 1) / frames;
}

// The gains of windows; 1 for those that the track does not have.
struct StereoWindows : StereoThreads {
  StereoLimits limits;
  StereoRow<const StereoSums> sums;
  StereoRow<double> out;
  std::int64_t frames;
  GlobalSpan<const std::int64_t> track_frames;

  std::int64_t blocks() const { return blocks_for(out.size()); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    run_each(block, out, [&](std::int64_t pair, std::int64_t w) {
      const std::int64_t count = stereo_blocks(track_frames, pair, frames);
      double gain = 1;
      if (w >= 0 && w <= last_guard_window(count)) {
        gain = window_gain(
            limits, [&](std::int64_t k) { return sums.at(pair, k); }, w, count, static_cast<double>(frames));
      }
      out.at(pair, w) = gain;
    });
  }
};

// least_near() of knots.
struct StereoLeast : StereoThreads {
  StereoRow<const double> windows;
  StereoRow<double> out;
  std::int64_t frames;
  GlobalSpan<const std::int64_t> track_frames;

  std::int64_t blocks() const { return blocks_for(out.size()); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    run_each(block, out, [&](std::int64_t pair, std::int64_t k) {
      const std::int64_t count = stereo_blocks(track_frames, pair, frames);
      out.at(pair, k) = least_near([&](std::int64_t w) { return windows.at(pair, w); }, k, count);
    });
  }
};

struct StereoKnots : StereoThreads {
  StereoRow<const double> least;
  StereoRow<float> out;

  std::int64_t blocks() const { return blocks_for(out.size()); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    run_each(block, out, [&](std::int64_t pair, std::int64_t k) {
      out.at(pair, k) = static_cast<float>(knot_gain([&](std::int64_t near) { return least.at(pair, near); }, k));
    });
  }
};

// Without a guard all knots are 1.
struct StereoOnes : StereoThreads {
  StereoRow<float> out;

  std::int64_t blocks() const { return blocks_for(out.size()); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    run_each(block, out, [&](std::int64_t pair, std::int64_t k) { out.at(pair, k) = 1; });
  }
};

// The side times `width` and the guard's gain, a block of the track each.
struct StereoScale {
  static constexpr int kThreads = 128;
  struct Shared {};

  InputRows in;
  OutputRows out;
  StereoRow<const float> knots;  // of all blocks that `out` touches, and one more
  std::int64_t frames;
  double width;
  GlobalSpan<const std::int64_t> track_frames;

  std::int64_t blocks() const { return knots.pairs * (knots.count - 1); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t pair = block.index() / (knots.count - 1), k = knots.first + block.index() % (knots.count - 1);
    const std::int64_t start = k * frames;
    const double base = width * static_cast<double>(knots.at(pair, k)),
                 then = width * static_cast<double>(knots.at(pair, k + 1));
    const auto from = static_cast<float>(base), step = static_cast<float>((then - base) / static_cast<double>(frames));
    const bool passes = base == 1 && then == 1;
    block.phase([&](int thread) {
      for (std::int64_t i = thread; i < frames; i += kThreads) {
        const std::int64_t at = start + i, n = at - out.first_frame;
        if (n < 0 || n >= out.frames) continue;
        float l = 0, r = 0;
        if (at >= 0 && at < track_frames[2 * pair]) {
          l = in.at(2 * pair, at - in.first_frame);
          r = in.at(2 * pair + 1, at - in.first_frame);
          if (!passes) {
            const float m = 0.5f * (l + r), s = 0.5f * (l - r), gain = fmaf(static_cast<float>(i), step, from);
            l = fmaf(gain, s, m);
            r = fmaf(-gain, s, m);
          }
        }
        out.at(2 * pair, n) = l;
        out.at(2 * pair + 1, n) = r;
      }
    });
  }
};

}  // namespace lathe::block
