#include "kernels/inspection/silence_tracker.h"

#include <algorithm>
#include <cmath>

#include "kernels/inspection/inspection_lanes.h"

namespace lathe {
namespace {

constexpr unsigned kAllSounding = 15;

bool is_above(AudioView block, std::int64_t n, float level) {
  for (int c = 0; c < block.channels; ++c) {
    if (std::abs(block.channel(c)[n]) > level) return true;
  }
  return false;
}

// The last of frames [from, to) above a level; -1 for none.
std::int64_t last_above(AudioView block, std::int64_t from, std::int64_t to, float level) {
  while (to > from && !is_above(block, to - 1, level)) --to;
  return to > from ? to - 1 : -1;
}

bool has_above(AudioView block, std::int64_t from, std::int64_t to, float level) {
  while (from < to && !is_above(block, from, level)) ++from;
  return from < to;
}

std::int64_t frames_of(double ms, double rate_hz) { return static_cast<std::int64_t>(std::ceil(ms * rate_hz / 1000)); }

// One more than fill it, for the last one may hold only a frame.
std::int64_t groups_of(double ms, double rate_hz) {
  return (frames_of(ms, rate_hz) + kInspectionGroup - 1) / kInspectionGroup + 1;
}

}  // namespace

SilenceTracker::SilenceTracker(double rate_hz)
    : shortest_gap_(std::max<std::int64_t>(frames_of(kShortestGapMs, rate_hz), 2 * kInspectionLanes)),
      end_groups_(groups_of(kEndMs, rate_hz)),
      tail_groups_(groups_of(kTailMs, rate_hz)),
      latest_(static_cast<std::size_t>(tail_groups_), 0.0f) {}

void SilenceTracker::take(AudioView block, std::int64_t first_frame, std::int64_t valid, const float* peak,
                          const std::uint8_t* sounding) {
  const std::int64_t groups = (valid + kInspectionGroup - 1) / kInspectionGroup;
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t at = g * kInspectionGroup, end = std::min(at + kInspectionGroup, valid);
    if (facts_.first_sound < 0 && peak[g] > kSilence) {
      std::int64_t n = at;
      while (!is_above(block, n, kSilence)) ++n;
      facts_.first_sound = first_frame + n;
    }
    if (sounding[g] != 0) latest_[static_cast<std::size_t>(groups_seen_++ % tail_groups_)] = peak[g];
    look_at_group(block, at, end, first_frame, sounding[g]);
  }
  for (std::int64_t g = groups; g-- > 0;) {
    if (peak[g] <= kSilence) continue;
    const std::int64_t at = g * kInspectionGroup;
    facts_.last_sound = first_frame + last_above(block, at, std::min(at + kInspectionGroup, valid), kSilence);
    break;
  }
  const std::int64_t last_nonzero = last_above(block, 0, valid, 0);
  if (last_nonzero >= 0) facts_.last_nonzero = first_frame + last_nonzero;
  facts_.frames = first_frame + valid;
}

// Frames [at, end) of the block, a group of the track.
void SilenceTracker::look_at_group(AudioView block, std::int64_t at, std::int64_t end, std::int64_t first_frame,
                                   unsigned sounding) {
  if (sounding == kAllSounding && black_since_ < 0) return;
  if (sounding == 0 && black_since_ >= 0) return;
  for (std::int64_t n = at; n < end; ++n) {
    const bool is_black = !is_above(block, n, 0);
    if (is_black && black_since_ < 0) begin_black(block, n, first_frame);
    if (!is_black && black_since_ >= 0) end_black(block, n, first_frame);
  }
}

// It began in the row before frame n at the earliest: a whole black row would have been seen.
void SilenceTracker::begin_black(AudioView block, std::int64_t n, std::int64_t first_frame) {
  std::int64_t since = n;
  while (since > n - kInspectionLanes && !is_above(block, since - 1, 0)) --since;
  black_since_ = first_frame + since;
  is_loud_before_black_ = has_above(block, since - kInspectionLanes, since, kGapEdge);
}

void SilenceTracker::end_black(AudioView block, std::int64_t n, std::int64_t first_frame) {
  const std::int64_t length = first_frame + n - black_since_;
  if (facts_.first_nonzero < 0) {
    facts_.first_nonzero = first_frame + n;
  } else if (length >= shortest_gap_ && is_loud_before_black_ && has_above(block, n, n + kInspectionLanes, kGapEdge)) {
    if (facts_.gaps++ == 0) facts_.first_gap_frame = black_since_;
    facts_.longest_gap = std::max(facts_.longest_gap, length);
  }
  black_since_ = -1;
}

float SilenceTracker::latest_peak(std::int64_t groups) const {
  float peak = 0;
  for (std::int64_t g = groups_seen_ - 1; g >= 0 && g >= groups_seen_ - groups; --g)
    peak = std::max(peak, latest_[static_cast<std::size_t>(g % tail_groups_)]);
  return peak;
}

SilenceFacts SilenceTracker::facts() const {
  SilenceFacts facts = facts_;
  facts.end_peak = latest_peak(end_groups_);
  facts.tail_peak = latest_peak(tail_groups_);
  return facts;
}

}  // namespace lathe
