// Clicks to put on a track, and a run of a restorer over it.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/restorer.h"
#include "tests/support/random.h"
#include "tests/support/track.h"
#include "tests/support/track_reader.h"

namespace lathe::test {

struct RestorerRun {
  Finding finding;
  RestorationResult result;
  FloatTrack out;
};

// examine() and restore(), found or not; fails the test when the track does not come out whole and in order.
RestorerRun run_restorer(Restorer& restorer, const FloatTrack& in, double strength = 0.5);

struct Click {
  std::int64_t first = 0;
  std::int64_t frames = 0;
  int channel = 0;
};

// Adds `count` clicks of 1 to `longest` frames and a peak of 0.2 to 0.9, apart by 2000 frames or more: offsets, and
// bursts that die away.
std::vector<Click> add_clicks(Random& random, int count, std::vector<Signal>& channels, int longest = 40);

// Signal to error in dB: of `is` against `truth`.
double snr_db(const FloatTrack& truth, const FloatTrack& is);

}  // namespace lathe::test
