#include "tests/cli/music.h"

#include <algorithm>
#include <cmath>

#include "tests/support/signals.h"

namespace lathe::test {
namespace {

std::int64_t frames_of(int sample_rate_hz, double seconds) { return std::llround(sample_rate_hz * seconds); }

void normalise(Sound& sound, double peak) {
  double highest = 0;
  for (const Signal& channel : sound.channels) {
    for (const double x : channel) highest = std::max(highest, std::abs(x));
  }
  for (Signal& channel : sound.channels) {
    for (double& x : channel) x *= peak / highest;
  }
}

}  // namespace

Sound wandering(Random& random, int sample_rate_hz, int channels, double seconds, double peak) {
  Sound sound{sample_rate_hz, {}};
  for (int c = 0; c < channels; ++c) sound.channels.push_back(programme(random, sample_rate_hz, frames_of(sample_rate_hz, seconds)));
  normalise(sound, peak);
  return sound;
}

Sound strokes(Random& random, int sample_rate_hz, int channels, double seconds, double bed_db) {
  Sound sound{sample_rate_hz, {}};
  const std::int64_t frames = frames_of(sample_rate_hz, seconds), period = sample_rate_hz / 4;
  const double bed = std::pow(10.0, bed_db / 20), decay = std::exp(-1 / (0.008 * sample_rate_hz));
  for (int c = 0; c < channels; ++c) {
    Signal x = white_noise(random, 0.25 * bed, frames);
    double level = 0;
    for (std::int64_t n = 0; n < frames; ++n) {
      level = n % period == 0 ? 1 : level * decay;
      x[static_cast<std::size_t>(n)] += level * random.uniform(-1, 1);
    }
    sound.channels.push_back(std::move(x));
  }
  normalise(sound, 0.999);
  return sound;
}

Sound silence(int sample_rate_hz, int channels, double seconds) {
  return {sample_rate_hz, std::vector<Signal>(static_cast<std::size_t>(channels), Signal(static_cast<std::size_t>(frames_of(sample_rate_hz, seconds))))};
}

}  // namespace lathe::test
