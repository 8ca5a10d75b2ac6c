// True peak against theory: nothing between the samples may be missed, however little of the track is looked at.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/loudness/interpolation.h"
#include "kernels/loudness/loudness_meter.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/low_pass.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/true_peak_oracle.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr double kPeakLimitDb = 0.05, kGroupPeakLimit = 1e-4, kUnfadedLimitDb = 0.03, kOutsideLimitDb = 0.15;

class TruePeak : public test::BackendTest {
 protected:
  double true_peak_db(const std::vector<Signal>& channels) const {
    const std::vector<double> weights(channels.size(), 1.0);
    return test::measure(backend(), FloatTrack(channels), 48000, weights).figures.true_peak_dbtp;
  }
};

TEST_P(TruePeak, MultitonesUpTo045OfTheRateReadTheirPeak) {
  test::Random random = test::seeded(51);
  for (int i = 0; i < 12; ++i) {
    const test::Multitone tones(random, static_cast<int>(random.integer(1, 6)), 0.45, 5000);
    const double want = test::db(tones.peak(64));
    test::for_each_level_of(backend(), [&] { EXPECT_NEAR(true_peak_db({tones.samples()}), want, kPeakLimitDb) << i; });
  }
}

// The first large value is not the largest, the largest sample is not where the largest peak is, and both channels
// count.
TEST_P(TruePeak, NothingIsMissedInDenseSignals) {
  test::Random random = test::seeded(52);
  const test::TruePeakOracle oracle(64);
  for (int i = 0; i < 6; ++i) {
    std::vector<Signal> channels;
    double want = 0;
    for (int c = 0; c < 2; ++c) {
      Signal x = test::band_limited_noise(random, 0.2, 0.45, 4000);
      want = std::max(want, oracle.peak(x));
      channels.push_back(std::move(x));
    }
    test::for_each_level_of(backend(), [&] { EXPECT_NEAR(true_peak_db(channels), test::db(want), kPeakLimitDb) << i; });
  }
}

// Bursts far apart, of nearly the same height, whose peaks lie at any phase between samples.
TEST_P(TruePeak, NothingIsMissedInSparseSignals) {
  test::Random random = test::seeded(53);
  const test::TruePeakOracle oracle(16);
  for (int i = 0; i < 6; ++i) {
    Signal x(20000, 0.0);
    for (std::int64_t at = 300; at < 19000; at += random.integer(900, 3000)) {
      const double frequency = random.uniform(0.05, 0.45), phase = random.uniform(0, 6.28),
                   height = random.uniform(0.68, 0.72);
      for (std::int64_t n = 0; n < 200; ++n) {
        const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / 200);
        x[static_cast<std::size_t>(at + n)] =
            height * window * std::sin(2 * std::numbers::pi * frequency * static_cast<double>(n) + phase);
      }
    }
    const double want = test::db(oracle.peak(x));
    test::for_each_level_of(backend(), [&] { EXPECT_NEAR(true_peak_db({x}), want, kPeakLimitDb) << i; });
  }
}

TEST_P(TruePeak, TheCurveCountsBeforeTheFirstSampleAndAfterTheLast) {
  const test::TruePeakOracle oracle(16);
  // A tone at a quarter of the rate whose samples lie 3 dB under its peaks, cut off without a fade at either end.
  for (const std::int64_t frames : {1, 2, 3, 40, 1000, 4095, 4096, 4097}) {
    Signal x(static_cast<std::size_t>(frames));
    for (std::size_t n = 0; n < x.size(); ++n) x[n] = (n / 2) % 2 == 0 ? 0.5 : -0.5;
    EXPECT_NEAR(true_peak_db({x}), test::db(oracle.peak(x)), kUnfadedLimitDb) << frames;
  }
}

// Samples of alternating sign that die away: nothing between them is high, but half a sample before the first their
// sinc pulses all add up.
TEST_P(TruePeak, APeakOutsideTheTrackIsFoundAtBothEnds) {
  for (const std::int64_t frames : {10, 4095, 4096, 4097, 8192, 8200}) {
    Signal x(static_cast<std::size_t>(frames), 0.0);
    for (std::size_t k = 0; k < 10; ++k) x[k] = (k % 2 == 0 ? 0.5 : -0.5) * static_cast<double>(10 - k) / 10;
    const double want = test::db(test::TruePeakOracle(16).peak(std::span(x).first(10)));
    ASSERT_GT(want, test::db(0.5) + 0.6);
    EXPECT_NEAR(true_peak_db({x}), want, kOutsideLimitDb) << frames;
    std::reverse(x.begin(), x.end());
    EXPECT_NEAR(true_peak_db({x}), want, kOutsideLimitDb) << frames << ", at the end";
  }
}

TEST_P(TruePeak, IsNeverUnderTheSamplePeak) {
  test::Random random = test::seeded(54);
  for (int i = 0; i < 5; ++i) {
    const Signal x = test::white_noise(random, 0.2, 3000);
    double peak = 0;
    for (const double v : x) peak = std::max<double>(peak, std::abs(static_cast<float>(v)));
    EXPECT_GE(true_peak_db({x}), test::db(peak));
  }
}

TEST_P(TruePeak, AnImpulseReadsItsHeightWhereverItStands) {
  for (const std::int64_t at : {0, 1, 7, 8, 31, 32, 4095, 4096, 4999}) {
    EXPECT_NEAR(true_peak_db({test::impulses(5000, {at}, 0.7)}), test::db(0.7), 1e-5) << at;
  }
}

// On the CPU, which keeps it.
TEST(TruePeakPlace, IsWhereTheHighestPeakStandsHoweverTheTrackIsCut) {
  test::Random random = test::seeded(58);
  for (int i = 0; i < 20; ++i) {
    Signal x = test::band_limited_noise(random, 0.05, 0.45, 20000);
    const std::int64_t at = random.integer(100, 19800);
    // A tone at a quarter of the rate, 45 degrees off the samples: its peak lies between them.
    for (std::int64_t n = 0; n < 100; ++n) {
      const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / 100);
      x[static_cast<std::size_t>(at + n)] =
          0.9 * window * std::sin(std::numbers::pi / 2 * static_cast<double>(n) + 0.785);
    }
    const FloatTrack track({Signal(20000, 0.0), x});
    const auto place = [&](const std::vector<std::int64_t>& cuts) {
      LoudnessMeter meter({48000, {1, 1}});
      test::push(meter, track, cuts);
      return meter.take_reading().true_peak_frame.value();
    };
    const std::int64_t whole = place({20000});
    EXPECT_NEAR(static_cast<double>(whole), static_cast<double>(at + 50), 4) << at;
    EXPECT_EQ(place(test::random_cuts(random, 20000)), whole);
  }
  LoudnessMeter silent({48000, {1}});
  test::push(silent, FloatTrack({Signal(5000, 0.0)}), {5000});
  EXPECT_EQ(silent.take_reading().true_peak_frame, -1);
}

LATHE_INSTANTIATE_BACKENDS(TruePeak);

// What the limiter stands on: each group's own figure, from the whole bank, at every level.
TEST(Interpolation, GroupPeaksAreThoseOfTheLongFilter) {
  test::Random random = test::seeded(55);
  constexpr std::int64_t kFrames = 1600;
  const Signal x = test::band_limited_noise(random, 0.2, 0.45, kFrames + 2 * kInterpolationHalo);
  const FloatTrack track({x});
  const std::vector<double> want = test::TruePeakOracle(16).group_peaks(x, kPeakGroup);
  test::for_each_simd_level([&] {
    std::vector<float> peaks(kFrames / kPeakGroup, 0.0f);
    interpolation_kernels().group_peaks(answer_bank(), track.channel(0).data() + kInterpolationHalo, kFrames,
                                        peaks.data());
    constexpr std::size_t kAhead = kInterpolationHalo / kPeakGroup;
    double worst = 0, peak = 0;
    for (std::size_t g = 0; g < peaks.size(); ++g) {
      worst = std::max(worst, std::abs(peaks[g] - want[g + kAhead]));
      peak = std::max(peak, want[g + kAhead]);
    }
    EXPECT_LT(worst / peak, kGroupPeakLimit);
  });
}

TEST(Interpolation, TheBoundHoldsForTheWorstSignalThereIs) {
  for (const InterpolationBank* bank : {&search_bank(), &answer_bank()}) {
    float worst = 0;
    for (int p = 0; p < bank->phases - 1; ++p) {
      // The signs of a phase's own coefficients make the largest value it can give.
      float sum = 0;
      for (int k = 0; k < bank->taps; ++k)
        sum += std::abs(bank->coefficients[static_cast<std::size_t>(p * bank->taps + k)]);
      worst = std::max(worst, sum);
    }
    EXPECT_GE(bank->bound, worst);
    EXPECT_LT(bank->bound, worst * 1.001f);
  }
  EXPECT_THROW(make_interpolation_bank(5, 32), std::invalid_argument);
  EXPECT_THROW(make_interpolation_bank(4, 33), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
