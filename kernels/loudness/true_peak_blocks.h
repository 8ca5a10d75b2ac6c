// The true peak of rows on a device: bounds first, interpolation at 16 points a sample only where the answer could be.
//
// Rows are cut into stretches of 32 frames. What the largest sample and bend of a stretch and its neighbours allow
// (InterpolationBank) is compared with the peak found so far: the probe interpolates the most promising stretch of each
// tile, which settles nearly all others; the search looks at what is left, by a quick reading at 4 points, and at the
// places that come near the peak by the whole filter. As the answer is a maximum, no order can change it.
// Beyond the first and last frame of a segment a stretch more is looked at: the curve rings there too.
// Per sample: the groups' figures read twice (2 bytes), and what has to be interpolated.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/loudness/interpolation.h"

namespace lathe::block {

// A segment of a batch in tiles of stretches, and what is known of it.
struct TruePeakTiles {
  static constexpr int kThreads = 128;
  static constexpr int kReach = 32;  // frames that 64 taps ask for on either side
  static constexpr int kPhases = 16, kTaps = 64;
  static constexpr int kQuickPhases = 4, kQuickTaps = 16;
  static constexpr int kGroupsOfStretch = kPeakStretch / kPeakGroup;

  InputRows in;              // silent outside the tracks; a stretch, kReach frames and one more beyond the segment
  std::int64_t first_frame;  // of the segment
  std::int64_t stretches;    // of a row: those of the segment, one before and one behind
  std::int64_t groups;       // of a row, of kPeakGroup frames
  std::int64_t channels;     // rows of a track
  GlobalSpan<const float> peaks, bends;  // [row][group]
  GlobalSpan<const float> answer;        // of answer_bank(): [tap][phase], phase 0 all 0; at a multiple of 16 bytes
  GlobalSpan<const float> quick;         // of quick_bank(): [phase - 1][tap]
  float bound, bend_bound, slope_bound;  // of answer_bank()
  GlobalSpan<const float> found;         // the peak of each track so far

  // A tile of `size` stretches; stretch 0 lies before the segment.
  struct Place {
    std::int64_t row, first;
  };
  LATHE_HOST_DEVICE std::int64_t tiles_of_row(int size) const { return (stretches + size - 1) / size; }
  LATHE_HOST_DEVICE Place place(std::int64_t block, int size) const {
    return {block / tiles_of_row(size), block % tiles_of_row(size) * size};
  }

  LATHE_HOST_DEVICE static float larger(float a, float b) { return b > a || b != b ? b : a; }
  LATHE_HOST_DEVICE static float magnitude(float x) { return x < 0 ? -x : x; }

  // Index in `in` of a stretch's first frame.
  LATHE_HOST_DEVICE std::int64_t start_of(std::int64_t stretch) const {
    return first_frame - in.first_frame + (stretch - 1) * kPeakStretch;
  }

  // The largest sample and bend of a group: as kept, or, beyond the segment, from the samples.
  LATHE_HOST_DEVICE void raise_by_group(std::int64_t row, std::int64_t group, float& peak, float& bend) const {
    if (group >= 0 && group < groups) {
      peak = larger(peak, peaks[row * groups + group]);
      bend = larger(bend, bends[row * groups + group]);
      return;
    }
    const std::int64_t at = first_frame - in.first_frame + group * kPeakGroup;
    for (std::int64_t n = at; n < at + kPeakGroup; ++n) {
      const float x = in.or_silence(row, n);
      peak = larger(peak, magnitude(x));
      bend = larger(bend, magnitude((in.or_silence(row, n - 1) - x) + (in.or_silence(row, n + 1) - x)));
    }
  }

  // Figures of a tile's stretches and of one before and behind.
  template <int Size>
  struct Bounds {
    SharedArray<float, Size + 2> high, bend, head;  // head: the largest sample of the first group
  };

  template <int Size, class Block>
  LATHE_HOST_DEVICE void fill(Block& block, Bounds<Size>& of, const Place& tile) const {
    block.phase([&](int thread) {
      for (int i = thread; i < Size + 2; i += kThreads) {
        float high = 0, bend = 0, head = 0;
        const std::int64_t stretch = tile.first + i - 1, group = (stretch - 1) * kGroupsOfStretch;
        if (stretch <= stretches) {
          for (int g = 0; g < kGroupsOfStretch; ++g) {
            raise_by_group(tile.row, group + g, high, bend);
            if (g == 0) head = high;
          }
        }
        of.high[i] = high;
        of.bend[i] = bend;
        of.head[i] = head;
      }
    });
  }

  // The most that answer_bank() could find in stretch i of the tile.
  template <int Size>
  LATHE_HOST_DEVICE float most(const Bounds<Size>& of, int i) const {
    const float around = larger(larger(of.high[i], of.high[i + 1]), of.high[i + 2]);
    const float bent = larger(larger(of.bend[i], of.bend[i + 1]), of.bend[i + 2]);
    const float inside = larger(of.high[i + 1], of.head[i + 2]);
    const float plain = around * bound, straight = inside + bent * bend_bound + around * slope_bound;
    return straight < plain ? straight : plain;
  }

  // The largest magnitude of phases 4 q .. 4 q + 3 of answer_bank() behind a frame; x[at] is the sample kReach - 1
  // before that frame.
  template <class Samples>
  LATHE_HOST_DEVICE float highest_of_four(const Samples& x, int at, int q) const {
    float sums[4] = {0, 0, 0, 0};
    for (int k = 0; k < kTaps; ++k) {
      const Four c = answer.four(k * kPhases + 4 * q);
      const float sample = x[at + k];
      for (int p = 0; p < 4; ++p) sums[p] += c.values[p] * sample;
    }
    return larger(larger(magnitude(sums[0]), magnitude(sums[1])), larger(magnitude(sums[2]), magnitude(sums[3])));
  }
};

// The most promising stretch of each tile.
struct TruePeakProbe : TruePeakTiles {
  // Four stretches a thread: of so many the best is enough to settle most.
  static constexpr int kTile = 4 * kThreads;

  struct Shared {
    Bounds<kTile> bounds;
    SharedArray<float, kThreads> best;
    SharedArray<int, kThreads> which;
    SharedArray<float, kPeakStretch + 2 * kReach> x;
  };

  GlobalSpan<float> tile_peaks;         // out: one a block; the largest sample among them
  GlobalSpan<float> tile_sample_peaks;  // out: one a block

  std::int64_t blocks() const { return in.rows * tiles_of_row(kTile); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const Place tile = place(block.index(), kTile);
    typename Block::template PerThread<float> peak;
    fill(block, shared.bounds, tile);
    block.phase([&](int thread) {
      float best = 0, high = 0;
      int which = thread;
      for (int i = thread; i < kTile && tile.first + i < stretches; i += kThreads) {
        high = larger(high, shared.bounds.high[i + 1]);
        const float bound_of = most(shared.bounds, i);
        if (bound_of > best) {
          best = bound_of;
          which = i;
        }
      }
      shared.best[thread] = best;
      shared.which[thread] = which;
      peak[thread] = high;
    });
    for (int width = kThreads / 2; width > 0; width /= 2) {
      block.phase([&](int thread) {
        if (thread >= width || !(shared.best[thread + width] > shared.best[thread])) return;
        shared.best[thread] = shared.best[thread + width];
        shared.which[thread] = shared.which[thread + width];
      });
    }
    const int chosen = block.read(shared.which[0]);
    const bool is_worth = block.read(shared.best[0]) > found[tile.row / channels];
    block.phase([&](int thread) {
      shared.best[thread] = peak[thread];
      if (!is_worth) return;
      const std::int64_t from = start_of(tile.first + chosen) - kReach + 1;
      for (int i = thread; i < kPeakStretch + 2 * kReach; i += kThreads)
        shared.x[i] = in.or_silence(tile.row, from + i);
    });
    // The sample peak of the tile, before what lies between samples joins it.
    reduce(block, shared);
    block.phase([&](int thread) {
      if (thread == 0) tile_sample_peaks[block.index()] = shared.best[0];
    });
    block.phase([&](int thread) {
      if (is_worth) {
        const int frame = thread % kPeakStretch, quarter = thread / kPeakStretch;
        peak[thread] = larger(peak[thread], highest_of_four(shared.x, frame, quarter));
      }
      shared.best[thread] = peak[thread];
    });
    reduce(block, shared);
    block.phase([&](int thread) {
      if (thread == 0) tile_peaks[block.index()] = shared.best[0];
    });
  }

 private:
  template <class Block>
  LATHE_HOST_DEVICE static void reduce(Block& block, Shared& shared) {
    for (int width = kThreads / 2; width > 0; width /= 2) {
      block.phase([&](int thread) {
        if (thread < width) shared.best[thread] = larger(shared.best[thread], shared.best[thread + width]);
      });
    }
  }
};

// Every stretch that could still hold more than the peak found.
struct TruePeakSearch : TruePeakTiles {
  static constexpr int kTogether = kThreads / kPeakStretch;  // stretches read at a time
  static constexpr int kStaged = kPeakStretch + 2 * kReach;  // samples for one of them

  static constexpr int kTile = kThreads;  // stretches of a tile
  static constexpr int kSixteen = 16;

  struct Shared {
    Bounds<kTile> bounds;
    SharedArray<int, kTile> wanted;                  // stretches to look at
    SharedArray<int, kThreads> places;               // frames of the stretches in hand, to look at
    SharedArray<int, kThreads> is_near;              // 1 or 0
    SharedArray<int, kThreads / kSixteen> sixteens;  // sums of is_near
    int count;
    SharedArray<float, kTogether * kStaged> x;
    SharedArray<float, kThreads> peak;
  };

  GlobalSpan<float> tile_peaks;  // out: one a block

  // Two-step reading of one frame: the quick bank, and how far the answer can be above it (interpolation.h).
  LATHE_HOST_DEVICE bool is_near(const Shared& shared, int at, float peak) const {
    constexpr int kHere = kReach - 1;  // x[at + kHere] is the frame itself
    float reading = larger(magnitude(shared.x[at + kHere]), magnitude(shared.x[at + kHere + 1]));
    for (int p = 0; p < kQuickPhases - 1; ++p) {
      float sum = 0;
      for (int k = 0; k < kQuickTaps; ++k)
        sum += quick[p * kQuickTaps + k] * shared.x[at + kHere - kQuickTaps / 2 + 1 + k];
      reading = larger(reading, magnitude(sum));
    }
    if (!(reading > peak * kQuickShare)) return false;
    float bent = 0;
    for (int j = kHere - 3; j <= kHere + 4; ++j) {
      const float x = shared.x[at + j];
      bent = larger(bent, magnitude((shared.x[at + j - 1] - x) + (shared.x[at + j + 1] - x)));
    }
    return reading + kBendShare * bent > peak;
  }

  std::int64_t blocks() const { return in.rows * tiles_of_row(kTile); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const Place tile = place(block.index(), kTile);
    const float peak_so_far = found[tile.row / channels];
    typename Block::template PerThread<float> peak;
    fill(block, shared.bounds, tile);
    block.phase([&](int thread) {
      peak[thread] = 0;
      const bool is_there = tile.first + thread < stretches;
      shared.is_near[thread] = is_there && most(shared.bounds, thread) > peak_so_far ? 1 : 0;
    });
    const int wanted = listed(block, shared, shared.wanted);
    for (int first = 0; first < wanted; first += kTogether) {
      block.phase([&](int thread) {
        for (int i = thread; i < kTogether * kStaged; i += kThreads) {
          const int s = first + i / kStaged;
          shared.x[i] =
              s < wanted ? in.or_silence(tile.row, start_of(tile.first + shared.wanted[s]) - kReach + 1 + i % kStaged)
                         : 0.0f;
        }
      });
      block.phase(
          [&](int thread) { shared.is_near[thread] = is_near(shared, place_in_stage(thread), peak_so_far) ? 1 : 0; });
      const int places = listed(block, shared, shared.places);
      block.phase([&](int thread) {
        for (int i = thread; i < places * 4; i += kThreads) {
          const int at = place_in_stage(shared.places[i / 4]);
          peak[thread] = larger(peak[thread], highest_of_four(shared.x, at, i % 4));
        }
      });
    }
    block.phase([&](int thread) { shared.peak[thread] = peak[thread]; });
    for (int width = kThreads / 2; width > 0; width /= 2) {
      block.phase([&](int thread) {
        if (thread < width) shared.peak[thread] = larger(shared.peak[thread], shared.peak[thread + width]);
      });
    }
    block.phase([&](int thread) {
      if (thread == 0) tile_peaks[block.index()] = shared.peak[0];
    });
  }

 private:
  // Where the samples of the frame of a thread begin in the stage.
  LATHE_HOST_DEVICE static int place_in_stage(int thread) {
    return thread / kPeakStretch * kStaged + thread % kPeakStretch;
  }

  // Lists the threads that have set is_near, in order. Returns how many.
  template <class Block>
  LATHE_HOST_DEVICE static int listed(Block& block, Shared& shared, SharedArray<int, kThreads>& list) {
    block.phase([&](int thread) {
      if (thread >= kThreads / kSixteen) return;
      int sum = 0;
      for (int i = 0; i < kSixteen; ++i) sum += shared.is_near[thread * kSixteen + i];
      shared.sixteens[thread] = sum;
    });
    block.phase([&](int thread) {
      int before = 0;
      for (int i = 0; i < thread / kSixteen; ++i) before += shared.sixteens[i];
      for (int i = thread / kSixteen * kSixteen; i < thread; ++i) before += shared.is_near[i];
      if (shared.is_near[thread] != 0) list[before] = thread;
      if (thread == kThreads - 1) shared.count = before + shared.is_near[thread];
    });
    return block.read(shared.count);
  }
};

// The largest of each track's tiles joins the peak found so far.
struct MaxOfTiles {
  static constexpr int kThreads = 256;
  struct Shared {
    SharedArray<float, kThreads> peak;
  };

  GlobalSpan<const float> tile_peaks;  // tracks of `tiles_of_track`
  std::int64_t tiles_of_track;
  GlobalSpan<float> found;  // in and out: one a track, and a block

  std::int64_t blocks() const { return found.size; }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const std::int64_t first = block.index() * tiles_of_track;
    block.phase([&](int thread) {
      float peak = 0;
      for (std::int64_t i = thread; i < tiles_of_track; i += kThreads)
        peak = TruePeakTiles::larger(peak, tile_peaks[first + i]);
      shared.peak[thread] = peak;
    });
    for (int width = kThreads / 2; width > 0; width /= 2) {
      block.phase([&](int thread) {
        if (thread < width)
          shared.peak[thread] = TruePeakTiles::larger(shared.peak[thread], shared.peak[thread + width]);
      });
    }
    block.phase([&](int thread) {
      if (thread == 0) found[block.index()] = TruePeakTiles::larger(found[block.index()], shared.peak[0]);
    });
  }
};

}  // namespace lathe::block
