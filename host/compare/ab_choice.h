// Which excerpts of a track are worth hearing.
#pragma once

#include <cstdint>
#include <vector>

#include "host/compare/compared_track.h"

namespace lathe {

// What is heard of each hop of 10 ms: K-weighted energies (kernels/math/gating.h).
struct AbSurvey {
  double before_lufs = 0, after_lufs = 0;  // integrated, of what will be heard (rate, channels); -inf of silence
  std::vector<double> after, difference;   // of the master; of master and input at one loudness
};

// Reads both tracks twice.
AbSurvey survey(ComparedTrack& before, ComparedTrack& after);

struct AbPlace {
  std::int64_t first_hop = 0;
  bool is_loudest = false;  // else where they differ most
};

// Up to `count` places of `hops` hops each that do not overlap: the loudest, then those with the most difference, as
// long as there is some. A track that is shorter gives one place at its start.
std::vector<AbPlace> choose(const AbSurvey& survey, std::int64_t hops, int count);

// Measures K-weighted loudness and true peak of a block.
struct AbLevel {
  double lufs = 0, true_peak_dbtp = 0;
};
AbLevel level_of(const ComparedBlock& block, int sample_rate_hz);

}  // namespace lathe
