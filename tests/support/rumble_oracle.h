// Rumble as records have it, and what the rumble filter's high-pass does by its definition.
#pragma once

#include "tests/support/random.h"
#include "tests/support/track.h"

namespace lathe::test {

// Adds Gaussian noise about 12 Hz, `rms` loud, in antiphase to both channels, and `alike` times as much of another that
// is the same in both.
void add_rumble(Random& random, double rms, double alike, double sample_rate_hz, Signal& left, Signal& right);

// x less what a Kaiser-windowed low-pass of 60 dB lets through at freq_hz in a copy lowered to 344 Hz or a little more,
// each sum in double as rumble.h and rumble_low_band.h write it.
Signal high_passed_oracle(const Signal& x, double freq_hz, double sample_rate_hz);

}  // namespace lathe::test
