// Where a track sounds: silence and digital black at its ends, black gaps inside, and how loud it is where it ends.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/audio.h"

namespace lathe {

struct SilenceFacts {
  std::int64_t frames = 0;
  // First and last frame that is above the silence level in any channel, and that is anything but zero; -1 for none.
  std::int64_t first_sound = -1, last_sound = -1;
  std::int64_t first_nonzero = -1, last_nonzero = -1;
  // Black gaps with programme right before and behind.
  std::int64_t gaps = 0;
  std::int64_t longest_gap = 0;  // frames
  std::int64_t first_gap_frame = -1;
  // Peaks before the last frame that is not zero: of the last kEndMs, and of the last kTailMs.
  float end_peak = 0, tail_peak = 0;
};

// Follows all channels of one track.
class SilenceTracker {
 public:
  // -90 dBFS: above a step of 16 bits (-90.3), so what rounding and dither leave of silence counts as silence.
  static constexpr float kSilence = 3.1622777e-5f;
  // A gap is exactly zero in all channels for 2 ms (the shortest dropouts are of buffers of 64 or 128 frames; what is
  // shorter is a click) and at least two rows of 16 frames, and the 16 frames at either side of it peak above -30
  // dBFS: music that fades to a rest over 15 ms or more, or a quiet passage, does not.
  static constexpr double kShortestGapMs = 2;
  static constexpr float kGapEdge = 3.1622777e-2f;
  static constexpr double kEndMs = 2, kTailMs = 100;

  static constexpr std::int64_t kEdgeHalo = 32;

  explicit SilenceTracker(double sample_rate_hz);

  // A block that begins at a multiple of kInspectionGroup and has kEdgeHalo frames readable on both sides; what lies
  // behind `valid` is zero. `peak` and `sounding` are what the lane kernel found of each of its groups, over all
  // channels.
  void take(AudioView block, std::int64_t first_frame, std::int64_t valid, const float* peak,
            const std::uint8_t* sounding);

  SilenceFacts facts() const;

 private:
  void look_at_group(AudioView block, std::int64_t at, std::int64_t end, std::int64_t first_frame, unsigned sounding);
  void begin_black(AudioView block, std::int64_t n, std::int64_t first_frame);
  void end_black(AudioView block, std::int64_t n, std::int64_t first_frame);
  float latest_peak(std::int64_t groups) const;

  std::int64_t shortest_gap_;
  std::int64_t end_groups_, tail_groups_;
  SilenceFacts facts_;
  std::int64_t black_since_ = 0;  // -1 when the last frame was not
  bool is_loud_before_black_ = false;
  std::vector<float> latest_;  // peaks of the last groups that are not black, in a ring
  std::int64_t groups_seen_ = 0;
};

}  // namespace lathe
