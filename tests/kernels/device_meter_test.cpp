// Where a device's meter is exact and the CPU's is within a limit: the K filter's memory in float64, and true peak that
// finds whatever there is to be found.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "kernels/loudness/interpolation.h"
#include "tests/support/backends.h"
#include "tests/support/loudness_oracle.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr double kMemoryLimitLu = 2e-7, kTruePeakLimit = 1e-6;

// In segments as short as they get, of 65536 frames.
LoudnessReading in_short_segments(test::TestBackend backend, const FloatTrack& track, double rate) {
  FirstPassSetup setup = test::setup_for(track, rate);
  setup.segment_samples = 1;
  return test::run_pass(backend, setup, track, {track.frames()}).before;
}

class ExactMeter : public test::BackendTest {};

TEST_P(ExactMeter, QuietSoundOnSubsonicsOrDcReadsAsTheDefinition) {
  for (const double rate : {44100.0, 96000.0, 192000.0}) {
    for (const double subsonic_hz : {0.5, 0.0}) {
      SCOPED_TRACE(std::to_string(rate) + " Hz on " + std::to_string(subsonic_hz) + " Hz");
      Signal x(static_cast<std::size_t>(2 * rate));
      for (std::size_t n = 0; n < x.size(); ++n) {
        const double t = static_cast<double>(n) / rate;
        x[n] =
            0.7 * std::cos(2 * std::numbers::pi * subsonic_hz * t) + 0.001 * std::sin(2 * std::numbers::pi * 997 * t);
      }
      const FloatTrack track({x});
      const double want = test::integrated_loudness_oracle({track.signal(0)}, {1}, rate);
      EXPECT_NEAR(in_short_segments(backend(), track, rate).figures.integrated_lufs, want, kMemoryLimitLu);
    }
  }
}

// The answer bank at every place there is, one after the other.
double peak_of_everything(const FloatTrack& track) {
  constexpr std::int64_t kHalf = 32;
  const InterpolationBank& bank = answer_bank();
  double peak = 0;
  for (int c = 0; c < track.channels(); ++c) {
    Signal x(static_cast<std::size_t>(track.frames() + 4 * kHalf), 0.0);
    std::copy(track.channel(c).begin(), track.channel(c).end(), x.begin() + 2 * kHalf);
    for (std::int64_t n = kHalf; n < track.frames() + 3 * kHalf; ++n) {
      peak = std::max(peak, std::abs(x[static_cast<std::size_t>(n)]));
      const double* from = x.data() + n - kHalf + 1;
      for (int p = 0; p < bank.phases - 1; ++p) {
        double sum = 0;
        for (int k = 0; k < bank.taps; ++k)
          sum += static_cast<double>(bank.coefficients[static_cast<std::size_t>(p * bank.taps + k)]) * from[k];
        peak = std::max(peak, std::abs(sum));
      }
    }
  }
  return peak;
}

void expect_exact(test::TestBackend backend, const FloatTrack& track, const std::string& name) {
  const double want = peak_of_everything(track);
  EXPECT_NEAR(in_short_segments(backend, track, 44100).true_peak, want, kTruePeakLimit * want) << name;
}

TEST_P(ExactMeter, TruePeakIsThatOfInterpolatingEverything) {
  test::Random random = test::seeded(611);
  constexpr std::int64_t kFrames = 30000;
  Signal clipped = test::white_noise(random, 1, kFrames), bright = test::white_noise(random, 0.2, kFrames);
  for (double& v : clipped) v = std::clamp(v, -1.0, 1.0);
  for (std::size_t n = bright.size(); n-- > 1;) bright[n] -= bright[n - 1];
  expect_exact(backend(), FloatTrack({clipped}), "loud clipped noise");
  expect_exact(backend(), FloatTrack({bright}), "bright noise");
  expect_exact(backend(),
               FloatTrack({test::programme(random, 44100, kFrames), test::programme(random, 44100, kFrames)}),
               "programme");
}

// Samples of alternating sign that die away have their peak half a sample before the first of them.
Signal dying(std::int64_t frames) {
  Signal x(static_cast<std::size_t>(frames), 0.0);
  for (std::size_t k = 0; k < 10; ++k) x[k] = (k % 2 == 0 ? 0.5 : -0.5) * static_cast<double>(10 - k) / 10;
  return x;
}

TEST_P(ExactMeter, TruePeakIsThatOfInterpolatingEverythingAtTheEndsOfATrack) {
  for (const std::int64_t frames : {10, 31, 32, 33, 4096, 65535, 65536, 65537}) {
    Signal x = dying(frames);
    expect_exact(backend(), FloatTrack({x}), std::to_string(frames) + " frames, before the first");
    std::reverse(x.begin(), x.end());
    expect_exact(backend(), FloatTrack({x}), std::to_string(frames) + " frames, behind the last");
  }
}

// A burst whose highest place lies anywhere between the samples about the border, and is the only high one.
TEST_P(ExactMeter, TruePeakIsThatOfInterpolatingEverythingOnTheBordersOfSegments) {
  test::Random random = test::seeded(612);
  constexpr std::int64_t kBorder = 65536, kFrames = 2 * kBorder + 100;
  const Signal quiet = test::white_noise(random, 0.01, kFrames);
  for (const double off : {-33.5, -1.3, -0.9, -0.5, -0.1, 0.0, 0.4, 1.1, 31.6}) {
    Signal x = quiet;
    const double frequency = random.uniform(0.2, 0.45);
    for (std::int64_t n = kBorder - 70; n < kBorder + 70; ++n) {
      const double t = static_cast<double>(n - kBorder) - off;
      if (std::abs(t) > 30) continue;
      x[static_cast<std::size_t>(n)] +=
          0.8 * (0.5 + 0.5 * std::cos(std::numbers::pi * t / 30)) * std::cos(2 * std::numbers::pi * frequency * t);
    }
    expect_exact(backend(), FloatTrack({x}), std::to_string(off) + " frames from the border");
  }
}

LATHE_INSTANTIATE_DEVICES(ExactMeter);

}  // namespace
}  // namespace lathe
