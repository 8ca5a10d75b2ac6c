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
  static constexpr int kStretches = kThreads;  // of a tile
  static constexpr int kReach = 32;            // frames that 64 taps ask for on either side
  static constexpr int kPhases = 16, kTaps = 64;
  static constexpr int kQuickPhases = 4, kQuickTaps = 16;
  static constexpr int kGroupsOfStretch = kPeakStretch / kPeakGroup;

  InputRows in;              // silent outside the tracks; a stretch, kReach frames and one more beyond the segment
  std::int64_t first_frame;  // of the segment
  std::int64_t stretches;    // of a row: those of the segment, one before and one behind
  std::int64_t groups;       // of a row, of kPeakGroup frames
  std::int64_t channels;     // rows of a track
  GlobalSpan<const float> peaks, bends;   // [row][group]
  GlobalSpan<const float> answer, quick;  // coefficients of answer_bank() and quick_bank()
  float bound, bend_bound, slope_bound;   // of answer_bank()
  GlobalSpan<const float> found;          // the peak of each track so far

  std::int64_t tiles() const { return (stretches + kStretches - 1) / kStretches; }
  std::int64_t blocks() const { return in.rows * tiles(); }

  struct Place {
    std::int64_t row, first;  // the tile's first stretch; stretch 0 lies before the segment
  };
  LATHE_HOST_DEVICE Place place(std::int64_t block) const {
    const std::int64_t of_row = (stretches + kStretches - 1) / kStretches;
    return {block / of_row, block % of_row * kStretches};
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
  struct Bounds {
    SharedArray<float, kStretches + 2> high, bend, head;  // head: the largest sample of the first group
  };

  template <class Block>
  LATHE_HOST_DEVICE void fill(Block& block, Bounds& of, const Place& tile) const {
    block.phase([&](int thread) {
      for (int i = thread; i < kStretches + 2; i += kThreads) {
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
  LATHE_HOST_DEVICE float most(const Bounds& of, int i) const {
    const float around = larger(larger(of.high[i], of.high[i + 1]), of.high[i + 2]);
    const float bent = larger(larger(of.bend[i], of.bend[i + 1]), of.bend[i + 2]);
    const float inside = larger(of.high[i + 1], of.head[i + 2]);
    const float plain = around * bound, straight = inside + bent * bend_bound + around * slope_bound;
    return straight < plain ? straight : plain;
  }

  // |answer_bank()| at phase p (1 .. 15) behind a frame; x[at] is the sample kReach - 1 before that frame.
  template <class Samples>
  LATHE_HOST_DEVICE float value(const Samples& x, int at, int p) const {
    float sum = 0;
    for (int k = 0; k < kTaps; ++k) sum += answer[(p - 1) * kTaps + k] * x[at + k];
    return magnitude(sum);
  }
};

// The most promising stretch of each tile.
struct TruePeakProbe : TruePeakTiles {
  struct Shared {
    Bounds bounds;
    SharedArray<float, kThreads> best;
    SharedArray<int, kThreads> which;
    SharedArray<float, kPeakStretch + 2 * kReach> x;
  };

  GlobalSpan<float> tile_peaks;         // out: one a block; the largest sample among them
  GlobalSpan<float> tile_sample_peaks;  // out: one a block

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const Place tile = place(block.index());
    typename Block::template PerThread<float> peak;
    fill(block, shared.bounds, tile);
    block.phase([&](int thread) {
      const bool is_there = tile.first + thread < stretches;
      shared.best[thread] = is_there ? most(shared.bounds, thread) : 0.0f;
      shared.which[thread] = thread;
      peak[thread] = is_there ? shared.bounds.high[thread + 1] : 0.0f;
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
        for (int p = 1 + quarter * 4; p < kPhases && p < 5 + quarter * 4; ++p)
          peak[thread] = larger(peak[thread], value(shared.x, frame, p));
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

  struct Shared {
    Bounds bounds;
    SharedArray<int, kStretches> wanted;  // stretches to look at
    SharedArray<int, kThreads> places;    // frames of the stretches in hand, to look at
    SharedArray<std::uint8_t, kThreads> is_near;
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

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const Place tile = place(block.index());
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
        for (int i = thread; i < places * (kPhases - 1); i += kThreads) {
          const int at = place_in_stage(shared.places[i / (kPhases - 1)]);
          peak[thread] = larger(peak[thread], value(shared.x, at, 1 + i % (kPhases - 1)));
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
      if (thread != 0) return;
      int count = 0;
      for (int i = 0; i < kThreads; ++i) {
        if (shared.is_near[i]) list[count++] = i;
      }
      shared.count = count;
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
