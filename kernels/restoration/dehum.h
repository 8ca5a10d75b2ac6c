// Takes mains hum away: a harmonic series that is always there, subtracted line by line.
#pragma once

#include <memory>
#include <optional>

#include "kernels/restoration/restorer.h"

namespace lathe {

// y = x - sum over k of Re(a(c, k, t) exp(i k phase(t))), k = 1..harmonics: lines of amplitude and phase of each
// channel's own at the multiples of one frequency, which wanders. Nothing beside the lines is touched, which notches
// can't say. What wanders slowly can be averaged over long: the track's quiet passages rule the amplitudes.
//
// Found: each line is fitted (hum_fit.h: weighted least squares in turns with the phase; Godsill and Rayner 1998, ch.
// 5, for interference of known shape, and iteratively reweighted) and then has to prove three things with weights that
// don't know the fit (hum_evidence.h): it stands out of the 2 Hz around it, its amplitude is the same in all passages,
// and in eighths of a second too, where a note's isn't, nor that of a beat. 50 and 60 Hz, within 0.3 Hz, need lines
// worth 2.2 of those (one is worth up to 1.2), their strong ones among them; where it's little, also that not two
// unrelated fundamentals do as well. Other speeds, 44 to 72 and 95 to 125 Hz: 6, drift, and no rival. With freq_hz that
// one alone counts, by the rule of the mains. Hum that is louder than a quarter of the track's other power is taken for
// a drone. Tracks under 4 s tell nothing.
//
// Hum that begins or ends within the track is found by halves; each eighth of a second is then with or without
// (Viterbi). A line that is in doubt is held back by what that doubt is: never worse in the mean. Stretches without hum
// and digital silence keep their bits. Harmonics beyond `harmonics`, and those above 0.36 of the low band's rate (970
// Hz and up), stay. A rumble isn't hum: that's a high-pass's work.
//
// Strength: 0 takes half of each line, 0.5 all of it, 1 also what is in doubt. Memory: the low band, 40 MB per channel
// and hour, between examine() and its end. Cost: a read of the track in examine() and one in restore(); figures in the
// folder's README. Repairs: none, for it is everywhere.
struct DehumSettings {
  RestorationSettings common;
  double freq_hz = 0;                   // of the fundamental, 15 to 500; 0: found
  int harmonics = 8;                    // 1 to 64, the fundamental counted; the first 16 are treated
  std::optional<double> depth_db = {};  // lines go down by no more than this; 0 or more

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {

// Figures found: freq_hz, evidence, purity, lowest (hum_evidence.h), level_dbfs (power of all lines, mean of channels),
// beside_the_rest_db, drift_rms_hz, harmonics_found, present_share. Figures of the result: removed_dbfs,
// samples_changed.
std::unique_ptr<Restorer> make_dehum(const DehumSettings& settings, const RestorationFormat& format);

}  // namespace cpu
}  // namespace lathe
