// How good a restored track is, when the clean one is known.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/damage.h"
#include "tests/support/track.h"

namespace lathe::test {

struct RestorationScore {
  double snr_in_db = 0, snr_out_db = 0;  // against the clean track, no gain fitted
  double lsd_in_db = 0, lsd_out_db = 0;  // log-spectral distance: 2048-point Hann frames, floor -100 dBFS
  double kept_db = 0;   // SNR of the samples that were not damaged; infinite where all are the same bits
  double event_f1 = 0;  // of places that were changed, against places that were damaged
  double gain_db() const { return snr_out_db - snr_in_db; }
};

// The first and last 100 ms are left out. An event is found when a sample within 8 of it was changed by more than
// 0.001; changes (those less than 64 samples apart are one) further than that from every event are false alarms.
// Log-spectral distances take most of the time; they are 0 where they are not asked for.
RestorationScore score(const std::vector<Signal>& clean, const Damage& damaged, const std::vector<Signal>& restored,
                       double sample_rate_hz, bool with_lsd = true);

// The gain that no linear filter passes which knows the clean track's power in each bin of each 2048-point frame: the
// ceiling that a denoiser's gain is stated in shares of.
double oracle_wiener_gain_db(const std::vector<Signal>& clean, const Damage& damaged);

}  // namespace lathe::test
