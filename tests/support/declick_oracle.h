// What finding, judging and mending impulses mean, as their headers define them: in double precision, by plain loops
// over whole rows, dense matrices and nothing saved.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/impulse_remover.h"
#include "tests/support/track.h"

namespace lathe::test {

struct OracleImpulse {
  std::int64_t first_frame = 0;
  std::int64_t frames = 0;
  int channel = 0;
  double evidence = 0;
  Signal patch;  // what the judge's model has under it
};

// All impulses with evidence enough to be reported, in order of frame and channel.
std::vector<OracleImpulse> oracle_impulses(const std::vector<Signal>& track, const ImpulseDesign& design);

// The evidence that an impulse needs among these.
double oracle_needed(const std::vector<OracleImpulse>& impulses, const RemoverDesign& design, double strength,
                     double minutes);

// The track with the impulses of that evidence mended.
std::vector<Signal> oracle_mended(const std::vector<Signal>& track, const std::vector<OracleImpulse>& impulses,
                                  double needed, const RemoverDesign& design);

}  // namespace lathe::test
