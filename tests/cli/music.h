// Tracks that stand for music in tests of the whole program.
#pragma once

#include "tests/cli/sound_file.h"
#include "tests/support/random.h"

namespace lathe::test {

// Noise with most of its energy in the low octaves that wanders over 6 dB, its highest sample at `peak`; every channel
// its own. The range is less than the loudness gate's 10 LU: a block on the gate's edge would count for one meter and
// not for another, both rightly.
Sound wandering(Random& random, int sample_rate_hz, int channels, double seconds, double peak);

// Four strokes a second that die away over a bed of noise `bed_db` below them: the less the bed, the more a limiter
// has to do on the way to a loudness.
Sound strokes(Random& random, int sample_rate_hz, int channels, double seconds, double bed_db);

Sound silence(int sample_rate_hz, int channels, double seconds);

}  // namespace lathe::test
