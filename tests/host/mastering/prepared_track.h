// A track as the gain solver meets it: in a frame store, metered, with what the limiter needs.
#pragma once

#include <cmath>

#include "host/mastering/gain_solver.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"
#include "tests/support/track.h"

namespace lathe::test {

class PreparedTrack {
 public:
  PreparedTrack(FloatTrack track, double sample_rate_hz);

  FrameStore& store() { return store_; }
  TrackBefore before(bool with_trace = true) const;
  // The track after gain and curve (null: none).
  FloatTrack limited(double gain, const LimiterCurve* curve) const;
  double loudness_of(const FloatTrack& track) const;

 private:
  FloatTrack track_;
  double rate_;
  FrameArena arena_;
  FrameStore store_;
};

// In dBTP, by theory (see TruePeakOracle).
double true_peak_of(const FloatTrack& track);

// Sines at random places below 0.42 of the rate whose level beats, so that some stretches stand out by many decibels.
FloatTrack beating_tones(Random& random, int channels, std::int64_t frames, double peak);

}  // namespace lathe::test
