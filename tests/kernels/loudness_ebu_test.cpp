// The minimum requirements of EBU Tech 3341 V4 and Tech 3342 V4, and what the standards themselves say the signals
// read.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/loudness/loudness_meter.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/ebu_signals.h"
#include "tests/support/loudness_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/true_peak_oracle.h"

namespace lathe {
namespace {

using test::EbuSignal;
using test::Signal;
using test::TestBackend;

constexpr double kEbuOracleLimitLu = 1e-4, kTruePeakLimitDb = 0.05;

std::vector<double> weights_of(const EbuSignal& signal) {
  return channel_weights(static_cast<int>(signal.channel_gains.size()), 0);
}

// The signal goes in block by block: some are a gigabyte as a track.
LoudnessReading measure(TestBackend backend, const EbuSignal& signal) {
  FirstPassSetup setup;
  setup.encoding = Encoding::float32;
  setup.sample_rate_hz = signal.sample_rate_hz;
  setup.weights = weights_of(signal);
  setup.frames = static_cast<std::int64_t>(signal.wave.size());
  const auto pass = test::make_first_pass(backend, setup, nullptr);
  for (std::int64_t first = 0, count = 0; first < setup.frames; first += count) {
    count = setup.frames - first;
    auto* to = reinterpret_cast<float*>(pass->room(count));
    for (std::int64_t n = first; n < first + count; ++n) {
      for (const double gain : signal.channel_gains)
        *to++ = static_cast<float>(gain * signal.wave[static_cast<std::size_t>(n)]);
    }
    pass->take(count);
  }
  return pass->finish().before;
}

// Channels of one waveform: by the definition their powers add up, so one channel of the summed weight reads the same.
double oracle_loudness(const EbuSignal& signal) {
  const std::vector<double> weights = weights_of(signal);
  double sum = 0;
  for (std::size_t c = 0; c < weights.size(); ++c)
    sum += weights[c] * signal.channel_gains[c] * signal.channel_gains[c];
  return test::integrated_loudness_oracle({signal.wave}, {sum}, signal.sample_rate_hz);
}

// Steady tones are dear in block kernels on the CPU launcher: every crest may be the true peak, and every index is
// checked. They get one case of stereo and that of five channels; the gates that the others are about are in code that
// they share with the CPU.
const std::set<int> kBlockCases{1, 6};

class EbuLoudness : public test::BackendRateTest {};
class EbuTruePeak : public test::BackendRateTest {};

TEST_P(EbuLoudness, Cases1To6ReadTheirIntegratedLoudness) {
  const double expected[] = {-23, -33, -23, -23, -23, -23};
  for (int number = 1; number <= 6; ++number) {
    if (backend() == TestBackend::block && !kBlockCases.contains(number)) continue;
    SCOPED_TRACE("Tech 3341 case " + std::to_string(number));
    const EbuSignal signal = test::tech3341(number, rate_hz());
    const LoudnessFigures figures = measure(backend(), signal).figures;
    EXPECT_NEAR(figures.integrated_lufs, expected[number - 1], 0.1);
    // The long ones at high rates would cost the oracle seconds and tell nothing new.
    if (signal.wave.size() < 6'000'000) {
      EXPECT_NEAR(figures.integrated_lufs, oracle_loudness(signal), kEbuOracleLimitLu);
    }
    if (number <= 2) {
      EXPECT_NEAR(figures.max_momentary_lufs, expected[number - 1], 0.1);
      EXPECT_NEAR(figures.max_short_term_lufs, expected[number - 1], 0.1);
    }
  }
}

LATHE_INSTANTIATE_BACKENDS_AT(EbuLoudness, {44100, 48000, 88200, 96000, 192000}, {48000});

TEST_P(EbuTruePeak, Cases15To23ReadTheirTruePeak) {
  const double expected[] = {-6, -6, -6, -6, 3, 0, 0, 0, 0};
  const test::TruePeakOracle oracle(16);
  for (int number = 15; number <= 23; ++number) {
    SCOPED_TRACE("Tech 3341 case " + std::to_string(number));
    const EbuSignal signal = test::tech3341(number, rate_hz());
    const double got = measure(backend(), signal).figures.true_peak_dbtp;
    EXPECT_GT(got, expected[number - 15] - 0.4);
    EXPECT_LT(got, expected[number - 15] + 0.2);
    // The oracle follows 100 ms of it, the loud period of cases 20 to 23 among them.
    const auto middle = static_cast<std::ptrdiff_t>(signal.wave.size() / 2),
               half = static_cast<std::ptrdiff_t>(0.05 * rate_hz());
    Signal part(signal.wave.begin() + middle - half, signal.wave.begin() + middle + half);
    test::fade(part, half / 5);
    EXPECT_NEAR(got, test::db(oracle.peak(part)), kTruePeakLimitDb);
  }
}

LATHE_INSTANTIATE_BACKENDS_AT(EbuTruePeak, {44100, 48000, 88200, 96000, 192000}, {48000});

class EbuModeAt48kHz : public test::BackendTest {};

TEST_P(EbuModeAt48kHz, Case9ShortTermStaysAtMinus23) {
  const std::vector<double> powers = window_powers(measure(backend(), test::tech3341(9, 48000)).hops, 300, 10);
  ASSERT_EQ(powers.size(), 121u);
  for (const double p : powers) EXPECT_NEAR(loudness_of_power(p), -23, 0.1);
}

TEST_P(EbuModeAt48kHz, Case12MomentaryStaysAtMinus23) {
  const std::vector<double> powers = window_powers(measure(backend(), test::tech3341(12, 48000)).hops, 40, 1);
  // Constant after 1 s.
  for (std::size_t k = 60; k < powers.size(); ++k) EXPECT_NEAR(loudness_of_power(powers[k]), -23, 0.1) << k;
}

TEST_P(EbuModeAt48kHz, Cases10And13ReadTheirMaximumWhereverTheBurstStands) {
  const int step = backend() == TestBackend::block ? 7 : 1;
  for (int file = 0; file < 20; file += step) {
    EXPECT_NEAR(measure(backend(), test::tech3341(10, 48000, file)).figures.max_short_term_lufs, -23, 0.1) << file;
    EXPECT_NEAR(measure(backend(), test::tech3341(13, 48000, file)).figures.max_momentary_lufs, -23, 0.1) << file;
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

TEST_P(EbuModeAt48kHz, Case11ShortTermMaximumRisesWithEachBurst) {
  expect_rising_maxima(measure(backend(), test::tech3341(11, 48000)).hops, 300, 600);
}

TEST_P(EbuModeAt48kHz, Case14MomentaryMaximumRisesWithEachBurst) {
  expect_rising_maxima(measure(backend(), test::tech3341(14, 48000)).hops, 40, 80);
}

TEST_P(EbuModeAt48kHz, LoudnessRangeOfTech3342) {
  const double expected[] = {10, 5, 20, 15};
  const int last = backend() == TestBackend::block ? 1 : 4;
  for (int number = 1; number <= last; ++number) {
    // The standard allows 1 LU; steady tones leave only the window's slopes to differ by.
    EXPECT_NEAR(measure(backend(), test::tech3342(number, 48000)).figures.loudness_range_lu, expected[number - 1], 0.01)
        << number;
  }
}

TEST_P(EbuModeAt48kHz, ATestToneIn997HzAtFullScaleInOneChannelReadsMinus3) {
  const EbuSignal tone{48000, test::sine(997, 1, 48000, 48000), {1, 0}};
  EXPECT_NEAR(measure(backend(), tone).figures.integrated_lufs, -3.01, 0.005);
}

LATHE_INSTANTIATE_BACKENDS(EbuModeAt48kHz);

TEST(EbuSignals, RecordingsCannotBeSynthesised) {
  EXPECT_THROW(test::tech3341(7, 48000), std::invalid_argument);
  EXPECT_THROW(test::tech3342(5, 48000), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
