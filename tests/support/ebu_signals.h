// The test signals of EBU Tech 3341 V4 (cases 1-6 and 9-23) and Tech 3342 V4 (cases 1-4), synthesised from the tables'
// descriptions at any sample rate. The EBU's own files may not be passed on, and exist at 48 kHz only.
#pragma once

#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

// Every case is one waveform at a gain for each channel: L R, or L R C Ls Rs for case 6 of Tech 3341.
struct EbuSignal {
  double sample_rate_hz = 0;
  Signal wave;
  std::vector<double> channel_gains;
};

// Cases 10 and 13 are twenty files each: `file` is 0 to 19. Throws std::invalid_argument for 7 and 8, which are
// recordings. Cases 15 to 23 last half a second, the period of the table repeated less often than in the EBU's files.
EbuSignal tech3341(int number, double sample_rate_hz, int file = 0);
EbuSignal tech3342(int number, double sample_rate_hz);

}  // namespace lathe::test
