// Takes a record's rumble away: steady noise of the lowest octaves, found where the channels swing against each other.
#pragma once

#include <memory>

#include "kernels/restoration/restorer.h"

namespace lathe {

// A stylus that is moved up and down makes the channels swing in antiphase, and so do a turntable's bearings, the warp
// of a record and the resonance of its arm (5 to 30 Hz); music's bass is alike in both channels. So of each pair of
// channels mid and side are looked at, in a copy of the lowest octaves (rumble_low_band.h) in windows of 1.5 s, each
// bin's power averaged over 5 bins and 5 frames (rumble_spectrum.h). A bin's floor is the 20 % quantile over the track
// (after minimum statistics, Martin 2001, with the whole track for a window).
//
//   y = x - interpolated(ISTFT(w(f) min(1, 1.5 floor(f) / P(f, t)) STFT(lowered x)))
//
// Found: between 4 and 32 Hz 8 bins or more (5 Hz) in which the side's floor lies 6 dB above the mid's; together at
// most 42 dB under the track and at rest (median over floor at most 2 dB), and not in antiphase through and through.
// w is 1 for the side where its floor is 6 dB over the mid's, 0 at 2 dB, but also 1 where the side is at rest and not
// above what a rumble has there; for the mid 1 where its floor is 13 dB below the side's, 0 at 8 dB. 0 above 86 Hz.
// Nothing above 125 Hz changes.
//
// Rumble that is alike in both channels, and that of mono tracks, can't be told from a bass that never rests: nothing
// is found there. With `always` all floors below 32 Hz go.
//
// With freq_hz: a high-pass of fixed linear phase (a Kaiser window of 60 dB, transition freq_hz wide or more; half the
// amplitude at freq_hz), where rumble was found or always.
//
// Strength: 0 takes half, 0.5 all of it, 1 twice the floor. Latency: none. Memory: 20 MB per channel and hour, between
// examine() and its end, the low band and what is taken. Cost: 26 multiply-adds a sample. Repairs: none.
struct RumbleSettings {
  RestorationSettings common = {};
  double freq_hz = 0;  // of the high-pass, 5 to 80; 0: what was found, by its spectrum

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {

// Figures found: level_dbfs (mean of channels), beside_the_rest_db, antiphase_db (side over mid), unrest_db, up_to_hz.
// Figures of the result: removed_dbfs, samples_changed.
std::unique_ptr<Restorer> make_rumble(const RumbleSettings& settings, const RestorationFormat& format);

}  // namespace cpu
}  // namespace lathe
