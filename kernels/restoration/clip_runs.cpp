#include "kernels/restoration/clip_runs.h"

#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr std::int64_t kShortestRun = 3;
constexpr float kQuietest = 0.01f;     // -40 dBFS: nobody clips there, and rounding makes flat tops of its own
constexpr float kLooseSpread = 0.02f;  // runs of a grain that a fade may have drawn apart

void count(GrainRuns& kept, float level, std::int64_t length, bool jumps, float spread) {
  if (level > kept.level * (1 + spread)) kept = {level, level, 0, 0, 0, 0};
  if (level < kept.level * (1 - spread)) return;
  kept.level = std::max(kept.level, level);
  kept.lowest = std::min(kept.lowest, level);
  ++kept.runs;
  kept.samples += static_cast<std::int32_t>(std::min<std::int64_t>(length, kClipGrain));
  kept.longest = std::max(kept.longest, static_cast<std::int32_t>(std::min<std::int64_t>(length, 1 << 30)));
  kept.jumps += jumps;
}

}  // namespace

void ClipRunScan::close(Open& run, float behind, bool is_exact) {
  if (run.length < kShortestRun || std::abs(run.top) < kQuietest) return;
  const float sign = run.top > 0 ? 1.0f : -1.0f, level = run.top * sign;
  const float rise = level - run.before * sign, fall = level - behind * sign;
  const float steep = is_exact ? 4.04f * kStep16 : 5 * kLooseTolerance;
  if (rise <= 0 || fall <= 0 || std::max(rise, fall) <= steep) return;
  ClipGrainSides& grain = grains_[static_cast<std::size_t>(run.start / kClipGrain)];
  GrainSide& side = sign > 0 ? grain.above : grain.below;
  const bool jumps = rise > 0.5f * level && fall > 0.5f * level;
  count(is_exact ? side.exact : side.loose, level, run.length, jumps, is_exact ? 0.0f : kLooseSpread);
}

void ClipRunScan::take(const float* x, std::int64_t count) {
  for (std::int64_t n = 0; n < count; ++n, ++frames_) {
    if (frames_ % kClipGrain == 0) grains_.emplace_back();
    GrainSide& above = grains_.back().above;
    GrainSide& below = grains_.back().below;
    const float v = x[n];
    above.peak = std::max(above.peak, v);
    below.peak = std::max(below.peak, -v);
    const float step = std::abs(v - last_);
    if (step <= kLooseTolerance) {
      const bool is_new = loose_.length == 0;
      if (is_new) loose_ = {frames_ - 1, 1, last_, last_, before_last_};
      ++loose_.length;
      loose_.top = std::abs(v) > std::abs(loose_.top) ? v : loose_.top;
    } else if (loose_.length > 0) {
      close(loose_, v, false);
      loose_.length = 0;
    }
    if (step == 0) {
      if (exact_.length == 0) exact_ = {frames_ - 1, 1, last_, last_, before_last_};
      ++exact_.length;
    } else if (exact_.length > 0) {
      close(exact_, v, true);
      exact_.length = 0;
    }
    before_last_ = last_;
    last_ = v;
    if (frames_ == 0) {
      // What lies before the track is no neighbour.
      loose_.length = exact_.length = 0;
      before_last_ = v;
    }
  }
}

void ClipRunScan::finish() {
  close(loose_, 0, false);
  close(exact_, 0, true);
  loose_.length = exact_.length = 0;
}

}  // namespace lathe
