// True-peak limiter: a gain curve that keeps a track under its ceiling, made at the rate of groups of 8 frames.
//
// For group i with true peak p[i] and drive g the needed reduction is r[i] = max(0, 1 - ceiling / (g p[i])).
//   bridged    b[i] = min over windows of 13 ms with i in them of the window's max of r: between peaks that come again
//              within 13 ms it stays at the lower of them (a closing, as in Serra, Image Analysis and Mathematical
//              Morphology, 1982), so that bass is not distorted within its period; after a lone peak it holds nothing
//   held       m[i] = max of b over the attack before and after i
//   released   f[i] = max(m[i], f[i-1] * exp(-T / release)); f[i-1] while m[i] is within 5e-5 of it, so that a steady
//              tone gets a gain that does not move at all
//   sustained  s[i] = one-pole mean of f over 500 ms, a step every 8 groups;  d[i] = max(f[i], s[i] / 2) (release:
//   auto) smoothed   k[i] = raised-cosine mean of d over the attack, k[i] >= r[i] by construction: a mean of values
//   that are
//              each at least r[i] (Hamalainen, DAFx-02)
//   gain       1 - k, linear between groups; of groups a millisecond it takes at most deepest reduction / 1.5 ms, and
//              gives back at most reduction / release
// Groups are 0.18 ms at 44.1 kHz, so what is sequential in time costs one step in 8 frames: there is no need to lay
// tracks beside each other in lanes, and one long track is as quick as many.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/trace_vector.h"

namespace lathe {

struct LimiterSettings {
  double sample_rate_hz = 0;
  double ceiling = 1;     // linear, above 0
  double release_ms = 0;  // 1 to 5000; 0 is auto: 30 ms for single peaks, slower the longer it has been limiting
  // Throws std::invalid_argument that names the field.
  void check() const;
};

// A stretch of groups [first, end) in which the gain may differ from 1.
struct GroupSpan {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

class LimiterCurve {
 public:
  // `groups`: groups of kPeakGroup frames in the track. Memory: 8 bytes a group.
  LimiterCurve(LimiterSettings settings, std::int64_t groups,
               const TraceAllocator<float>& memory = TraceAllocator<float>());

  // Makes the curve for drive `gain`. peaks[i]: true peak of group i at gain 1, or 0 where it is known to stay under
  // the ceiling at this drive. Size: groups.
  void shape(std::span<const float> peaks, double gain);

  // Reduction (1 - gain) at the start of each group, and at the end of the last: groups + 1 values from 0 to below 1.
  std::span<const float> reduction() const { return reduction_; }

  // Where the reduction is not 0, in order.
  std::span<const GroupSpan> spans() const { return spans_; }

  double max_reduction() const { return max_reduction_; }

  // Groups by which peaks reach back (attack) into the gain curve.
  std::int64_t look_ahead_groups() const { return look_ahead_; }

 private:
  void shape_span(std::span<const float> peaks, double gain, std::int64_t first_demand);

  LimiterSettings settings_;
  std::int64_t groups_;
  std::int64_t attack_;  // half the smoothing window, in groups
  std::int64_t look_ahead_;
  std::int64_t bridge_;
  double release_factor_;
  double sustain_step_ = 0;
  std::vector<float> window_;  // 2 attack + 1 weights, sum 1
  TraceVector reduction_;
  std::vector<GroupSpan> spans_;
  double max_reduction_ = 0;
};

// y = x * gain * (1 - reduction), reduction linear from knots[i] to knots[i + 1] over group i. Frames a multiple of 8
// but for the last block of a track; x and y may be the same.
void apply_limited_gain(const float* x, std::int64_t frames, double gain, const float* knots, float* y);

}  // namespace lathe
