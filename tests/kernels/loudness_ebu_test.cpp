// The minimum requirements of EBU Tech 3341 V4 and Tech 3342 V4, and what the standards themselves say the signals
// read.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/loudness/loudness_meter.h"
#include "tests/support/comparison.h"
#include "tests/support/ebu_signals.h"
#include "tests/support/loudness_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/true_peak_oracle.h"

namespace lathe {
namespace {

using test::EbuSignal;
using test::Signal;

constexpr double kOracleLimitLu = 1e-4, kTruePeakLimitDb = 0.05;

struct Measured {
  LoudnessFigures figures;
  HopEnergies hops;
};

std::vector<double> weights_of(const EbuSignal& signal) {
  return channel_weights(static_cast<int>(signal.channel_gains.size()), 0);
}

Measured measure(const EbuSignal& signal) {
  const int channels = static_cast<int>(signal.channel_gains.size());
  LoudnessMeter::Setup setup;
  setup.sample_rate_hz = signal.sample_rate_hz;
  setup.weights = weights_of(signal);
  LoudnessMeter meter(setup);
  constexpr std::int64_t kBlock = 8192;
  test::FloatTrack block(channels, kBlock);
  const auto frames = static_cast<std::int64_t>(signal.wave.size());
  for (std::int64_t first = 0; first < frames; first += kBlock) {
    const std::int64_t count = std::min(kBlock, frames - first);
    for (int c = 0; c < channels; ++c) {
      const double gain = signal.channel_gains[static_cast<std::size_t>(c)];
      float* to = block.view().channel(c);
      const double* from = signal.wave.data() + first;
      for (std::int64_t n = 0; n < count; ++n) to[n] = static_cast<float>(gain * from[n]);
    }
    meter.take(block.view().slice(0, count));
  }
  meter.finish();
  return {meter.figures(), meter.hops()};
}

// Channels of one waveform: by the definition their powers add up, so one channel of the summed weight reads the same.
double oracle_loudness(const EbuSignal& signal) {
  const std::vector<double> weights = weights_of(signal);
  double sum = 0;
  for (std::size_t c = 0; c < weights.size(); ++c)
    sum += weights[c] * signal.channel_gains[c] * signal.channel_gains[c];
  return test::integrated_loudness_oracle({signal.wave}, {sum}, signal.sample_rate_hz);
}

class EbuMode : public ::testing::TestWithParam<double> {};

TEST_P(EbuMode, Cases1To6ReadTheirIntegratedLoudness) {
  const double expected[] = {-23, -33, -23, -23, -23, -23};
  for (int number = 1; number <= 6; ++number) {
    SCOPED_TRACE("Tech 3341 case " + std::to_string(number));
    const EbuSignal signal = test::tech3341(number, GetParam());
    const LoudnessFigures figures = measure(signal).figures;
    EXPECT_NEAR(figures.integrated_lufs, expected[number - 1], 0.1);
    // The long ones at high rates would cost the oracle seconds and tell nothing new.
    if (signal.wave.size() < 6'000'000) {
      EXPECT_NEAR(figures.integrated_lufs, oracle_loudness(signal), kOracleLimitLu);
    }
    if (number <= 2) {
      EXPECT_NEAR(figures.max_momentary_lufs, expected[number - 1], 0.1);
      EXPECT_NEAR(figures.max_short_term_lufs, expected[number - 1], 0.1);
    }
  }
}

TEST_P(EbuMode, Cases15To23ReadTheirTruePeak) {
  const double expected[] = {-6, -6, -6, -6, 3, 0, 0, 0, 0};
  const test::TruePeakOracle oracle(16);
  for (int number = 15; number <= 23; ++number) {
    SCOPED_TRACE("Tech 3341 case " + std::to_string(number));
    const EbuSignal signal = test::tech3341(number, GetParam());
    const double got = measure(signal).figures.true_peak_dbtp;
    EXPECT_GT(got, expected[number - 15] - 0.4);
    EXPECT_LT(got, expected[number - 15] + 0.2);
    // The oracle follows 100 ms of it, the loud period of cases 20 to 23 among them.
    const auto middle = static_cast<std::ptrdiff_t>(signal.wave.size() / 2),
               half = static_cast<std::ptrdiff_t>(0.05 * GetParam());
    Signal part(signal.wave.begin() + middle - half, signal.wave.begin() + middle + half);
    test::fade(part, half / 5);
    EXPECT_NEAR(got, test::db(oracle.peak(part)), kTruePeakLimitDb);
  }
}

INSTANTIATE_TEST_SUITE_P(Loudness, EbuMode, ::testing::Values(44100.0, 48000.0, 88200.0, 96000.0, 192000.0),
                         [](const auto& rate) { return std::to_string(static_cast<int>(rate.param)) + "Hz"; });

TEST(EbuModeAt48kHz, Case9ShortTermStaysAtMinus23) {
  const std::vector<double> powers = window_powers(measure(test::tech3341(9, 48000)).hops, 300, 10);
  ASSERT_EQ(powers.size(), 121u);
  for (const double p : powers) EXPECT_NEAR(loudness_of_power(p), -23, 0.1);
}

TEST(EbuModeAt48kHz, Case12MomentaryStaysAtMinus23) {
  const std::vector<double> powers = window_powers(measure(test::tech3341(12, 48000)).hops, 40, 1);
  // Constant after 1 s.
  for (std::size_t k = 60; k < powers.size(); ++k) EXPECT_NEAR(loudness_of_power(powers[k]), -23, 0.1) << k;
}

TEST(EbuModeAt48kHz, Cases10And13ReadTheirMaximumWhereverTheBurstStands) {
  for (int file = 0; file < 20; ++file) {
    EXPECT_NEAR(measure(test::tech3341(10, 48000, file)).figures.max_short_term_lufs, -23, 0.1) << file;
    EXPECT_NEAR(measure(test::tech3341(13, 48000, file)).figures.max_momentary_lufs, -23, 0.1) << file;
  }
}

// The loudest window of each stretch, as a live meter that shows its maximum so far would.
void expect_rising_maxima(const HopEnergies& hops, int window_hops, int stretch_hops) {
  const std::vector<double> powers = window_powers(hops, window_hops, 1);
  double loudest = 0;
  std::size_t window = 0;
  for (int stretch = 0; stretch < 20; ++stretch) {
    for (; window < powers.size() && window + window_hops <= static_cast<std::size_t>((stretch + 1) * stretch_hops);
         ++window) {
      loudest = std::max(loudest, powers[window]);
    }
    EXPECT_NEAR(loudness_of_power(loudest), -38 + stretch, 0.1) << stretch;
  }
}

TEST(EbuModeAt48kHz, Case11ShortTermMaximumRisesWithEachBurst) {
  expect_rising_maxima(measure(test::tech3341(11, 48000)).hops, 300, 600);
}

TEST(EbuModeAt48kHz, Case14MomentaryMaximumRisesWithEachBurst) {
  expect_rising_maxima(measure(test::tech3341(14, 48000)).hops, 40, 80);
}

TEST(EbuModeAt48kHz, LoudnessRangeOfTech3342) {
  const double expected[] = {10, 5, 20, 15};
  for (int number = 1; number <= 4; ++number) {
    // The standard allows 1 LU; steady tones leave only the window's slopes to differ by.
    EXPECT_NEAR(measure(test::tech3342(number, 48000)).figures.loudness_range_lu, expected[number - 1], 0.01) << number;
  }
}

TEST(EbuModeAt48kHz, ATestToneIn997HzAtFullScaleInOneChannelReadsMinus3) {
  EbuSignal tone{48000, {}, {1, 0}};
  for (int n = 0; n < 48000; ++n) tone.wave.push_back(std::sin(2 * std::numbers::pi * 997 * n / 48000.0));
  EXPECT_NEAR(measure(tone).figures.integrated_lufs, -3.01, 0.005);
}

TEST(EbuSignals, RecordingsCannotBeSynthesised) {
  EXPECT_THROW(test::tech3341(7, 48000), std::invalid_argument);
  EXPECT_THROW(test::tech3342(5, 48000), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
