// Signals to test with, in double precision.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/track.h"

namespace lathe::test {

// amplitude * sin(2 pi freq n / rate + phase). Frequencies and rates that are whole numbers repeat exactly.
Signal sine(double freq_hz, double amplitude, double rate_hz, std::int64_t frames, double phase = 0);

Signal white_noise(Random& random, double rms, std::int64_t frames);

// Noise with most of its energy in the low octaves, whose level wanders over 30 dB within seconds: enough for gates,
// loudness range and peaks to have something to do.
Signal programme(Random& random, double rate_hz, std::int64_t frames);

// A sine that rises from one frequency to another, by equal ratios in equal times (Farina 2000).
Signal sweep(double from_hz, double to_hz, double amplitude, double rate_hz, std::int64_t frames);

Signal impulses(std::int64_t frames, const std::vector<std::int64_t>& at, double amplitude = 1);

// +amplitude for half a period, then -amplitude.
Signal square(std::int64_t period, double amplitude, std::int64_t frames);

// Fades the ends in and out over `frames` by a raised cosine.
void fade(Signal& signal, std::int64_t frames);

// A sum of sines that can be asked for its value at any time, between samples too. It swells and dies away over its
// whole length (a Hann window), slowly enough to leave the tones where they are: so it is the band-limited curve
// itself.
class Multitone {
 public:
  // `tones` sines of random amplitude and phase, of frequencies up to `highest` cycles a sample, together at most 1.
  Multitone(Random& random, int tones, double highest, std::int64_t frames);

  double at(double time_samples) const;
  Signal samples() const;
  // Largest |value|, looked for at `per_sample` points a sample.
  double peak(int per_sample) const;

 private:
  std::int64_t frames_;
  struct Tone {
    double amplitude, frequency, phase;
  };
  std::vector<Tone> tones_;
};

}  // namespace lathe::test
