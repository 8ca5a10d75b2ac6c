// The gain a platform plays with, by its published formula.
#pragma once

#include "host/audit/delivery_profile.h"

namespace lathe {

struct PlaybackGain {
  double gain_db = 0;
  bool is_limited_by_peak = false;  // it would be higher, were there room for the peaks
};

// T the target, I the loudness, P the true peak, C the ceiling:
//   spotify    g = T - I where that is at most 0, else min(T - I, max(0, C - P)). A master without room is left as it
//   is:
//              the formula holds a raise back and takes nothing away. Its published example: I -20, P -5 gives +4.
//   down_only  g = min(0, T - I)
//   both       g = T - I
// Both figures are finite.
PlaybackGain playback_gain(const PlaybackFormula& formula, double loudness_lufs, double true_peak_dbtp);

}  // namespace lathe
