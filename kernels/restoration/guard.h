// Compares a track before and after a stage: whether music went with the damage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/restoration/restorer.h"

namespace lathe {

// What a stage may do to the programme; each stage's caller has its own. The defaults suit a stage that mends places
// or lines.
struct GuardLimits {
  double level_median_db = 0.3;  // change of level, either way
  double level_p95_db = 2.0;
  double high_loss_db = 1.0;
  double onset_loss_db = 1.0;
  // Highs that never fall are taken for music; behind a denoiser for the noise that it takes.
  bool steady_highs_are_music = true;
  // Places that the stage mended; 0: it treats the whole. Damage that falls on an onset looks like its attack, so
  // onsets that lose count only where they are more than a tenth of the places: by chance it is some three in a
  // hundred.
  std::int64_t places = 0;

  // Throws std::invalid_argument unless all are above 0.
  void check() const;
};

// A measure for which there is too little to go by (under 8 frames or onsets) reads 0.
struct GuardReading {
  std::int64_t not_finite_samples = 0;  // in what came out
  // (b) Frames of 0.1 s well above the track's noise: change of their energy, without the loudest fifth of their 5 ms
  // blocks, which may be damage.
  double level_median_db = 0;  // of the change's amount
  double level_p95_db = 0;
  // (c) Median over frames of the loss above 8 kHz (or a quarter of the sample rate, if that is less), a frame's own
  // being the median of its blocks: clicks fill a few of those. Frames whose highs stand out of the track's own noise.
  double high_loss_db = 0;
  // (d) In the same highs: median over onsets of what their first 5 ms lost: in energy, or in their rise over the 20 ms
  // before (of which 15 dB count), whichever is more: late energy is a smeared onset, early energy a pre-echo. An onset
  // rises by 12 dB within 5 ms and for 20 ms more stays 6 dB up and no more than 15 dB down; clicks aren't.
  double onset_loss_db = 0;
  std::int64_t frames = 0, high_frames = 0, onsets = 0;  // gone by
  std::int64_t lost_onsets = 0;                          // that lost more than the limit
  // The first check that failed: "not_finite", "level", "level_p95", "highs", "onsets"; empty: none did.
  std::string failed;

  bool is_ok() const { return failed.empty(); }
};

// Energies of 5 ms blocks of a track, over all channels: whole, and above 8 kHz or a quarter of the rate. What one
// stage leaves is what the next one finds: such figures serve both.
struct GuardEnergies {
  std::vector<double> whole, high;
  std::int64_t not_finite = 0;  // samples
  int channels = 0;
  std::int64_t frames = 0;
};

// Samples of one track whose bits are not another's, and the sum of their squared differences.
struct TrackDifference {
  std::int64_t samples = 0;
  double square = 0;
};

// The track is read in order in blocks of under a second. Cost: 17 multiply-adds a sample.
GuardEnergies guard_energies(TrackReader& track, double sample_rate_hz);
// The same, and how the track differs from `before`, of the same format and length (std::invalid_argument otherwise).
GuardEnergies guard_energies(TrackReader& track, double sample_rate_hz, TrackReader& before,
                             TrackDifference& difference);

// "Well above the noise": at least 10 dB over the 5th percentile, or (but see steady_highs_are_music) within 10 dB of
// the 95th. Both are of tracks of the same format and length (std::invalid_argument otherwise).
GuardReading compare(const GuardEnergies& before, const GuardEnergies& after, const GuardLimits& limits);
GuardReading compare(TrackReader& before, TrackReader& after, double sample_rate_hz, const GuardLimits& limits);

}  // namespace lathe
