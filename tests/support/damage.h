// Damages a clean track in known ways, so that what a restoration stage makes of it can be scored.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/track.h"

namespace lathe::test {

// A damaged track, and which of its samples were touched (by channel).
struct Damage {
  std::vector<Signal> channels;
  std::vector<std::vector<std::uint8_t>> touched;
};

// Scales all channels so that the loudest sample has this level: room for what is added.
void normalize_peak(std::vector<Signal>& channels, double peak_dbfs);

// Clicks at random places, `per_s` a second, 1 to 40 samples long at 44.1 kHz, 0.2 to 0.9 high: steps, bursts of noise
// and ringing that die away, in the left channel, the right one or, as on records, in both at unlike levels.
Damage add_clicks(Random& random, const std::vector<Signal>& clean, double sample_rate_hz, double per_s = 10);

// Clipped at this many dB under the loudest sample.
Damage clip(const std::vector<Signal>& clean, double below_peak_db);

// Stationary gaussian noise of its own in each channel, this many dB under the track. Pink: 3 dB less an octave.
enum class NoiseColour { white, pink };
Damage add_hiss(Random& random, const std::vector<Signal>& clean, double sample_rate_hz, NoiseColour colour,
                double snr_db);

// A fundamental of level_dbfs and five harmonics, the k-th 20 log10(k) dB lower; the frequency wanders by +-drift_hz
// in 20 s. Every channel holds the same.
Damage add_hum(Random& random, const std::vector<Signal>& clean, double sample_rate_hz, double freq_hz = 50,
               double level_dbfs = -40, double drift_hz = 0.02);

// Programme on each channel, with white noise of its own 50 dB under full scale.
FloatTrack noisy_programme(std::uint64_t seed, int channels, double rate, std::int64_t frames);

}  // namespace lathe::test
