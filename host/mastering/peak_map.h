// The true peaks of a track by groups of 8 frames, worked out only where the limiter could have to act.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/mastering/frame_store.h"
#include "kernels/limiter/limiter.h"

namespace lathe {

class PeakMap {
 public:
  // `sample_peaks` and `bends`: of each group over all channels (GroupTrace). `store` holds the track before gain.
  PeakMap(FrameStore& store, TraceVector sample_peaks, TraceVector bends);

  // Works out every group whose true peak times `gain` could exceed `ceiling` * kNear. What is left out stays under.
  void cover(double gain, double ceiling);

  // The true peak of each group at gain 1 (4x), raised where the limited track was found over; 0 where not worked out.
  std::span<const float> peaks() const { return peaks_; }
  double max_peak() const;

  // Measures the limited track at 16x wherever it could exceed the ceiling and raises the peaks of the groups found
  // over. Looks at all such groups, or only at those near groups raised by the call before. Returns how many were over.
  std::int64_t raise_overs(const LimiterCurve& curve, double gain, double ceiling, bool only_near_last);

 private:
  void search(std::int64_t first_group, std::int64_t end_group);

  // A 4x search may under-read a peak by 0.69 dB (BS.1770-5 Annex 2) and its own filter's loss.
  static constexpr double kNear = 0.90;

  FrameStore& store_;
  TraceVector sample_peaks_;
  TraceVector bends_;
  TraceVector peaks_;                 // where the others are
  std::vector<std::uint16_t> known_;  // bit k of word i: the pair of groups from 16 i + k on has been searched
  std::vector<std::int64_t> raised_;
  double covered_ = 0;  // gain / ceiling that cover() has been called for
};

}  // namespace lathe
