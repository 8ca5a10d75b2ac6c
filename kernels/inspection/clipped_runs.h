// Flat tops: runs of equal samples at a channel's own highest or lowest value, as clipping leaves them.
//
// A run counts when it has at least kShortestRun samples and leaves its level steeply, by more than four steps of the
// samples' resolution on one side. A smooth peak rounded to steps q can hold equal samples too: within a run of L its
// parabola falls by q at most, so by at most q ((L / 2 + 1.5) / (L / 2))^2 = 4 q to the neighbours of a run of 3, and
// less for longer ones. What is clipped and then dithered has no exact runs, and is not found.
#pragma once

#include <cstdint>

namespace lathe {

constexpr int kShortestRun = 3;

// Runs at one level.
struct ClippedRuns {
  std::int64_t runs = 0;
  std::int64_t samples = 0;  // in all runs
  std::int64_t longest = 0;
  std::int64_t first_frame = -1;
  float level = 0;
};

// Follows one channel. Runs at the highest level so far are kept, and forgotten when a run at a higher one comes.
class ClippedRunFinder {
 public:
  // `flat_from`: levels below it are not looked at. `steep`: by how much a run's neighbour lies below it.
  ClippedRunFinder(float flat_from, float steep) : flat_from_(flat_from), steep_(steep) {}

  // Frames [first, first + count) of the track; x[-1] .. x[count + 1] are readable (0 outside the track). Frames that
  // were left out since the last call hold no run.
  void take(const float* x, std::int64_t first, std::int64_t count);

  // Whether a run reaches the end of what was taken, so that the next frames have to be taken too.
  bool is_open() const { return length_ > 0; }

  // With no frames to come.
  void finish() { close(0); }

  // Runs at `highest` and at `lowest`, the extremes of the whole channel, together; level is the one further from zero.
  ClippedRuns at_extremes(float highest, float lowest) const;

 private:
  void close(float behind);

  float flat_from_, steep_;
  ClippedRuns above_, below_;
  std::int64_t start_ = 0, length_ = 0;  // of the open run
  float level_ = 0, before_ = 0;
};

}  // namespace lathe
