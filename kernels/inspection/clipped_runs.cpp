#include "kernels/inspection/clipped_runs.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lathe {

void ClippedRunFinder::take(const float* x, std::int64_t first, std::int64_t count) {
  for (std::int64_t n = 0; n < count; ++n) {
    const bool is_flat = x[n] == x[n + 1] && x[n] == x[n + 2] && std::abs(x[n]) >= flat_from_;
    if (!is_flat) {
      // The last three that were equal began at n - 1, so the run's end is n + 1.
      if (is_open()) close(x[n + 2]);
    } else if (is_open()) {
      ++length_;
    } else {
      start_ = first + n;
      length_ = kShortestRun;
      level_ = x[n];
      before_ = x[n - 1];
    }
  }
}

void ClippedRunFinder::close(float behind) {
  if (!is_open()) return;
  const float sign = level_ > 0 ? 1.0f : -1.0f;
  const float drop = std::max((level_ - before_) * sign, (level_ - behind) * sign);
  ClippedRuns& kept = level_ > 0 ? above_ : below_;
  if (drop > steep_ && std::abs(level_) >= std::abs(kept.level)) {
    if (level_ != kept.level) kept = {0, 0, 0, start_, level_};
    ++kept.runs;
    kept.samples += length_;
    kept.longest = std::max(kept.longest, length_);
  }
  length_ = 0;
}

ClippedRuns ClippedRunFinder::at_extremes(float highest, float lowest) const {
  ClippedRuns all;
  for (const auto& [kept, extreme] : {std::pair{above_, highest}, std::pair{below_, lowest}}) {
    if (kept.runs == 0 || kept.level != extreme) continue;
    all.first_frame = all.runs == 0 ? kept.first_frame : std::min(all.first_frame, kept.first_frame);
    all.runs += kept.runs;
    all.samples += kept.samples;
    all.longest = std::max(all.longest, kept.longest);
    if (std::abs(extreme) > std::abs(all.level)) all.level = extreme;
  }
  return all;
}

}  // namespace lathe
