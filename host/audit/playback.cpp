#include "host/audit/playback.h"

#include <algorithm>

namespace lathe {

PlaybackGain playback_gain(const PlaybackFormula& formula, double loudness_lufs, double true_peak_dbtp) {
  const double wanted_db = formula.target_lufs - loudness_lufs;
  switch (formula.mode) {
    case PlaybackMode::both:
      return {wanted_db, false};
    case PlaybackMode::down_only:
      return {std::min(0.0, wanted_db), false};
    case PlaybackMode::spotify:
      break;
  }
  if (wanted_db <= 0 || !formula.peak_ceiling_dbtp) return {wanted_db, false};
  const double room_db = std::max(0.0, *formula.peak_ceiling_dbtp - true_peak_dbtp);
  return {std::min(wanted_db, room_db), room_db < wanted_db};
}

}  // namespace lathe
