// What every master of `streaming` must be, judged by other programs' measurements.
#pragma once

#include "tests/cli/workspace.h"

namespace lathe::test {

constexpr double kTarget = -14, kCeiling = -1;
constexpr double kReachedLu = 0.05;  // how near the target a master is
constexpr double kPeakDb = 0.02;     // what another oversampler may read above the ceiling

// Masters work.in() and expects of every file: on the target or a limit named, true peak under the ceiling, what the
// report says true, frames, rate, channels, encoding and tags kept.
void expect_true_batch(const Workspace& work);

}  // namespace lathe::test
