// Resonances: narrow ridges of the spectrum that stay where they are, whatever is played; and the cuts that level them.
//
// A filter lifts every segment of a track by the same, a note only those it sounds in. So a resonance is where even the
// quarter of the loud segments with the least prominence (ridge_meter.h) has a peak: the persistence of howling
// detection (its IPMP), and the surroundings its PNPR. In nine of ten segments it has to stand out at all. A ridge is
// left alone where
//   it is wider than 1/6 octave: that is tone, and match_eq's work;
//   it is as narrow as a line: a tone that is often played, or hum;
//   another ridge that stays stands at 2, 3 or 4 times its frequency, at a half, a third or a quarter of it, or at 3/2
//   or 2/3 (PHPR turned round): a drone, or a bass that keeps to one note;
//   its prominence swings more than its neighbours' do: a note that is often played.
// The cut is the bell that fits the ridge as the low quarter has it, or as the median has it where that is lower.
// Sources: van Waterschoot and Moonen, "Comparative evaluation of howling detection criteria in notch-filter-based
// howling suppression", JAES 58 (2010) 923-940, and "Fifty years of acoustic feedback control", Proc. IEEE 99 (2011).
#pragma once

#include <vector>

#include "kernels/math/eq_band.h"
#include "kernels/tonal_balance/ridge_meter.h"

namespace lathe {

struct ResonanceSettings {
  int max_cuts = 4;              // 1 to 16, the most prominent first
  double max_cut_db = 4;         // 0.1 to 12
  double from_hz = 120;          // 60 to 20000
  double to_hz = 8000;           // above from_hz, to 20000
  double min_prominence_db = 3;  // 1 to 24

  // Throws std::invalid_argument that names the field.
  void check() const;
};

struct Resonance {
  double freq_hz = 0;
  double prominence_db = 0;  // gain of the bell that fits it
  double q = 0;              // of that bell
  double share_of_time = 0;  // of the loud segments, in which at least half of it stands out
  double cut_db = 0;         // above 0, at most max_cut_db and prominence_db

  EqBand band() const { return {BandType::bell, freq_hz, -cut_db, q}; }
};

// Loud segments that a quarter of says something: 5 s.
constexpr std::int64_t kLeastRidgeSegments = 24;

// The most prominent that there are, by frequency. None of a track with fewer than kLeastRidgeSegments loud segments.
std::vector<Resonance> find_resonances(const RidgeMeter& meter, const ResonanceSettings& settings);

// The cut whose filter is the longest, for those who have to know how much room one takes before there is one.
EqBand longest_cut(const ResonanceSettings& settings);

}  // namespace lathe
