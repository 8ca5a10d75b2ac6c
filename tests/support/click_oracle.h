// The shape of one click and its repair, in double precision by dense matrices: what click_shapes.h and
// impulse_repair.h define.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/impulse_repair.h"
#include "tests/support/track.h"

namespace lathe::test {

struct ClickVerdict {
  double log_odds = 0;
  bool is_offset = false;
  int first = 0, end = 0;
  std::vector<double> damage;  // its mean
};

// difference: samples less their interpolation by the model. `all`: every decay, not one alone.
ClickVerdict oracle_click(const std::vector<double>& model, double variance, bool all,
                          const std::vector<double>& difference);

// The values of x[first .. first + frames) that ImpulseRepair defines; other: the clean channel, or null.
Signal oracle_repair(const RepairDesign& design, Signal x, const Signal* other, const Signal& damaged,
                     std::int64_t first, std::int64_t frames);

}  // namespace lathe::test
