// From a track's spectrum and an aim to the gain at each frequency: what match_eq does, before it is a filter.
//
// curve = limit(strength * (aim - track - c)) in dB on the grid of balance_line.h, where c is such that the track's
// K-weighted power stays what it was. `limit` keeps to +-max_db and to 24 dB an octave. Outside the range where both
// have real energy nothing is known of the difference: the curve goes on level where it cuts, and returns to 0 dB where
// it boosts, so that no noise is raised.
#pragma once

#include <string>
#include <vector>

#include "kernels/tonal_balance/balance_line.h"
#include "kernels/tonal_balance/long_term_spectrum.h"

namespace lathe {

struct MatchEqSettings {
  double strength = 0.7;      // 0 to 1
  double max_db = 6;          // 0 to 24
  bool stereo_width = false;  // mid and side each to those of the aim, where it has them

  // Throws std::invalid_argument that names the field.
  void check() const;
};

// What a track is to sound like.
struct ToneAim {
  BalanceLine whole;
  BalanceLine mid, side;  // of a stereo reference; else empty
};

// Of one track or, as their power average at equal loudness, of several; those without loud parts are left out. Empty
// when all are.
ToneAim aim_of(const std::vector<LongTermSpectrum>& spectra);

// Gains on the grid, and what is to be said of them.
struct MatchCurve {
  std::vector<double> db;       // of every channel, or of mid; empty: the track is left as it is
  std::vector<double> side_db;  // of side; empty: the same as `db`
  std::string why_not;          // why nothing was matched: "the track has no loud parts"; else empty
  double from_hz = 0, to_hz = 0;
  double largest_boost_db = 0, largest_cut_db = 0;  // the cut is 0 or less
  double change_rms_db = 0;                         // over the range
  // RMS over the range of how far the track's balance is from the aim's, levels apart: as it came, and as it will be.
  double deviation_before_db = 0, deviation_after_db = 0;
};

MatchCurve match_curve(const LongTermSpectrum& track, const ToneAim& aim, const MatchEqSettings& settings);

}  // namespace lathe
