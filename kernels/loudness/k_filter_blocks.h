// K-weighting on a device: chunks of a row side by side, a thread each, in float64.
//
// Two passes over the samples. The probe runs each chunk from silence and keeps the state it ends with, and on the way
// the largest sample and bend of each group of 8 frames. A chunk's first state is then the sum of what the chunks
// before it left, each carried over the silence between (the filter is linear), as far back as anything is left: after
// 0.12 s the slowest pole is 249 dB down. The second pass runs the chunks from there and sums squares.
// Per sample: 8 bytes read, 3/2 written; 7 and 10 operations in float64, and 6 for the first states.
#pragma once

#include <cstdint>

#include "kernels/block/block_kernel.h"
#include "kernels/block/row_window.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/math/gating.h"
#include "kernels/math/k_filter_form.h"

namespace lathe::block {

// How the two passes cut a segment of a batch: rows into chunks, chunks into slices that a block stages together.
struct KFilterChunks {
  static constexpr int kThreads = 64;         // chunks of a block
  static constexpr int kSlice = 32;           // frames of each chunk that are staged at a time
  static constexpr int kStride = kSlice + 1;  // threads read their own chunk: other banks

  struct Shared {
    SharedArray<float, kThreads * kStride> x;
  };

  InputRows in;               // silent outside the tracks
  std::int64_t first_frame;   // of the segment, in the track: a multiple of chunk_frames
  std::int64_t chunk_frames;  // a multiple of kSlice
  std::int64_t chunks;        // of a row
  std::int64_t groups;        // of kPeakGroup frames, of a row
  std::int64_t history;       // chunks before the segment whose end states are kept
  KFilterForm form;

  std::int64_t blocks_of_row() const { return (chunks + kThreads - 1) / kThreads; }
  std::int64_t blocks() const { return in.rows * blocks_of_row(); }

  struct Place {
    std::int64_t row, chunk;  // the block's first chunk
  };
  LATHE_HOST_DEVICE Place place(std::int64_t block) const {
    const std::int64_t of_row = (chunks + kThreads - 1) / kThreads;
    return {block / of_row, block % of_row * kThreads};
  }

  // Where frame 0 of the segment lies in `in`.
  LATHE_HOST_DEVICE std::int64_t origin() const { return first_frame - in.first_frame; }

  // Stages frames [from, from + kSlice) of each of the block's chunks.
  template <class Block>
  LATHE_HOST_DEVICE void stage(Block& block, Shared& shared, const Place& at, std::int64_t from) const {
    const bool in_fours = in.is_aligned(at.row, origin());
    block.phase([&](int thread) {
      constexpr int kLoads = kSlice / 4;  // of a slice
      for (int i = thread; i < kThreads * kLoads; i += kThreads) {
        const int chunk = i / kLoads, n = i % kLoads * 4;
        const std::int64_t frame = origin() + (at.chunk + chunk) * chunk_frames + from + n;
        Four x;
        if (in_fours && frame >= 0 && frame + 4 <= in.frames) {
          x = in.four_at(at.row, frame);
        } else {
          for (int k = 0; k < 4; ++k) x.values[k] = in.or_silence(at.row, frame + k);
        }
        for (int k = 0; k < 4; ++k) shared.x[chunk * kStride + n + k] = x.values[k];
      }
    });
  }
};

// The first pass.
struct KFilterProbe : KFilterChunks {
  GlobalSpan<KFilterState> ends;   // out: [row][history + chunk]
  GlobalSpan<float> peaks, bends;  // out: [row][group], as GroupTrace has them, of one row

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const Place at = place(block.index());
    typename Block::template PerThread<KFilterState> state;
    // Of the group in hand: the largest sample and bend; and the two samples before.
    typename Block::template PerThread<float> peak, bend, before, older;
    block.phase([&](int thread) {
      state[thread] = KFilterState{};
      peak[thread] = bend[thread] = older[thread] = 0;
      before[thread] = in.or_silence(at.row, origin() + (at.chunk + thread) * chunk_frames - 1);
    });
    for (std::int64_t from = 0; from < chunk_frames; from += kSlice) {
      stage(block, shared, at, from);
      block.phase([&](int thread) {
        KFilterState z = state[thread];
        float most = peak[thread], bent = bend[thread], x1 = before[thread], x2 = older[thread];
        const std::int64_t first_group = ((at.chunk + thread) * chunk_frames + from) / kPeakGroup;
        for (int n = 0; n < kSlice; ++n) {
          const float x = shared.x[thread * kStride + n];
          advance(form, z, x);
          // The bend of the frame before is known now; that of the chunk's first frame after its second.
          if (from + n > 0) bent = larger(bent, bend_of(x2, x1, x));
          if (n % kPeakGroup == 0 && from + n > 0) {
            put(bends, at, thread, first_group + n / kPeakGroup - 1, bent);
            bent = 0;
          }
          most = larger(most, magnitude_of(x));
          if (n % kPeakGroup == kPeakGroup - 1) {
            put(peaks, at, thread, first_group + n / kPeakGroup, most);
            most = 0;
          }
          x2 = x1;
          x1 = x;
        }
        state[thread] = z;
        peak[thread] = most;
        bend[thread] = bent;
        before[thread] = x1;
        older[thread] = x2;
      });
    }
    block.phase([&](int thread) {
      const std::int64_t chunk = at.chunk + thread;
      if (chunk >= chunks) return;
      ends[at.row * (history + chunks) + history + chunk] = state[thread];
      const float next = in.or_silence(at.row, origin() + (chunk + 1) * chunk_frames);
      put(bends, at, thread, (chunk + 1) * chunk_frames / kPeakGroup - 1,
          larger(bend[thread], bend_of(older[thread], before[thread], next)));
    });
  }

 private:
  LATHE_HOST_DEVICE static float larger(float a, float b) { return b > a || b != b ? b : a; }
  LATHE_HOST_DEVICE static float magnitude_of(float x) { return x < 0 ? -x : x; }
  LATHE_HOST_DEVICE static float bend_of(float x0, float x1, float x2) { return magnitude_of((x0 - x1) + (x2 - x1)); }
  LATHE_HOST_DEVICE void put(GlobalSpan<float> to, const Place& at, int thread, std::int64_t group, float value) const {
    if (at.chunk + thread < chunks && group < groups) to[at.row * groups + group] = value;
  }
};

// The second pass.
struct KFilterEnergy : KFilterChunks {
  double sample_rate_hz;
  KFilterAdvance chunk_advance;                 // of a state over a chunk of silence
  GlobalSpan<const KFilterState> ends;          // of KFilterProbe
  GlobalSpan<const std::int64_t> track_frames;  // of each row's track: the filter's ringing behind it has no power
  GlobalSpan<float> power;                      // out: [row][group], sum of squares
  // Out, [row][hop - first_hop]: what of the group that a hop begins in belongs to the hop before.
  GlobalSpan<float> leads;
  std::int64_t first_hop, hops;  // those that begin in the segment

  // The state that chunk `chunk` of a row begins with.
  LATHE_HOST_DEVICE KFilterState first_state(std::int64_t row, std::int64_t chunk) const {
    const std::int64_t here = row * (history + chunks) + history + chunk;
    KFilterState z;
    for (std::int64_t back = history; back >= 1; --back) {
      KFilterState next = ends[here - back];
      for (int from = 0; from < 4; ++from) {
        for (int to = 0; to < 4; ++to) next.z[to] += chunk_advance.matrix[from][to] * z.z[from];
      }
      z = next;
    }
    return z;
  }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const {
    const Place at = place(block.index());
    typename Block::template PerThread<KFilterState> state;
    typename Block::template PerThread<std::int64_t> hop;  // the next to begin
    block.phase([&](int thread) {
      const std::int64_t chunk = at.chunk + thread;
      if (chunk >= chunks) return;
      state[thread] = first_state(at.row, chunk);
      hop[thread] = first_hop_from(first_frame + chunk * chunk_frames, sample_rate_hz);
    });
    const std::int64_t end = track_frames[at.row] - first_frame;  // frames of the track from the segment's first on
    for (std::int64_t from = 0; from < chunk_frames; from += kSlice) {
      stage(block, shared, at, from);
      block.phase([&](int thread) {
        if (at.chunk + thread >= chunks) return;
        KFilterState z = state[thread];
        std::int64_t k = hop[thread];
        const std::int64_t first = (at.chunk + thread) * chunk_frames + from;
        std::int64_t start =
            hop_start(k, sample_rate_hz) - first_frame - first;  // of hop k, from this slice's first frame
        double energy = 0;
        for (int n = 0; n < kSlice; ++n) {
          if (n == start) {
            if (k - first_hop < hops) leads[at.row * hops + k - first_hop] = scaled(energy);
            ++k;
            start = hop_start(k, sample_rate_hz) - first_frame - first;
          }
          const double y = filter(form, z, shared.x[thread * kStride + n]);
          if (first + n < end) energy += y * y;
          if (n % kPeakGroup == kPeakGroup - 1) {
            const std::int64_t group = (first + n) / kPeakGroup;
            if (group < groups) power[at.row * groups + group] = scaled(energy);
            energy = 0;
          }
        }
        state[thread] = z;
        hop[thread] = k;
      });
    }
  }

 private:
  LATHE_HOST_DEVICE float scaled(double energy) const { return static_cast<float>(form.energy_scale * energy); }
};

// The energy of every hop that ends in a segment: a thread each. Of the hop that it ends in, what lies before its end
// is carried to the next segment, whose sum goes on there: the order of a hop's sum is the same however a track is cut.
struct HopSums {
  static constexpr int kThreads = 128;
  struct Shared {};

  std::int64_t tracks, channels;
  std::int64_t first_frame;  // of the segment: a multiple of kPeakGroup
  std::int64_t groups;       // of a row
  double sample_rate_hz;
  GlobalSpan<const float> power, leads;  // of KFilterEnergy
  std::int64_t first_lead, lead_count;   // hops that begin in the segment
  GlobalSpan<const double> weights;      // one a channel
  std::int64_t first_hop, count;         // hops with frames in the segment
  GlobalSpan<double> energy;             // out: [track][hop], `hops_of_track` a row
  std::int64_t hops_of_track;
  GlobalSpan<const double> begun;  // [row]: what the segment before carried
  GlobalSpan<double> carried;      // out, [row]

  std::int64_t blocks() const { return tracks * ((count + kThreads - 1) / kThreads); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (count + kThreads - 1) / kThreads;
    const std::int64_t track = block.index() / tiles, first = block.index() % tiles * kThreads;
    block.phase([&](int thread) {
      if (first + thread >= count) return;
      const std::int64_t hop = first_hop + first + thread;
      if (hop >= hops_of_track) return;
      const std::int64_t segment = first_frame / kPeakGroup;
      const std::int64_t from = hop_start(hop, sample_rate_hz) / kPeakGroup - segment,
                         to = hop_start(hop + 1, sample_rate_hz) / kPeakGroup - segment;
      const bool is_open = hop_start(hop + 1, sample_rate_hz) > first_frame + groups * kPeakGroup;
      double sum = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        if (weights[c] == 0) continue;
        const std::int64_t row = track * channels + c;
        double of_row = from < 0 ? begun[row] : -static_cast<double>(leads[row * lead_count + hop - first_lead]);
        for (std::int64_t g = from < 0 ? 0 : from; g < to && g < groups; ++g) of_row += power[row * groups + g];
        if (is_open) carried[row] = of_row;
        if (to < groups) of_row += leads[row * lead_count + hop + 1 - first_lead];
        sum += weights[c] * of_row;
      }
      if (!is_open) energy[track * hops_of_track + hop] = sum;
    });
  }
};

// The trace of each track (GroupTrace): over its channels the largest sample and bend, and the weighted power.
struct TraceSums {
  static constexpr int kThreads = 256;
  struct Shared {};

  std::int64_t tracks, channels, groups;
  GlobalSpan<const float> peaks, bends, power;  // [row][group]
  GlobalSpan<const double> weights;
  GlobalSpan<float> trace;  // out: [track][3][group]: peak, bend, power

  std::int64_t blocks() const { return tracks * ((groups + kThreads - 1) / kThreads); }

  template <class Block>
  LATHE_HOST_DEVICE void run(Block& block, Shared&) const {
    const std::int64_t tiles = (groups + kThreads - 1) / kThreads;
    const std::int64_t track = block.index() / tiles, first = block.index() % tiles * kThreads;
    block.phase([&](int thread) {
      const std::int64_t g = first + thread;
      if (g >= groups) return;
      float peak = 0, bend = 0;
      double sum = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const std::int64_t at = (track * channels + c) * groups + g;
        peak = peaks[at] > peak ? peaks[at] : peak;
        bend = bends[at] > bend ? bends[at] : bend;
        if (weights[c] != 0) sum += weights[c] * power[at];
      }
      trace[track * 3 * groups + g] = peak;
      trace[(track * 3 + 1) * groups + g] = bend;
      trace[(track * 3 + 2) * groups + g] = static_cast<float>(sum);
    });
  }
};

}  // namespace lathe::block
