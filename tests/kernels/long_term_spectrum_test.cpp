// What tonal balance is measured by: the spectrum of the loud parts, its smoothed line, and where that line ends.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/math/decibel.h"
#include "kernels/tonal_balance/balance_line.h"
#include "kernels/tonal_balance/long_term_spectrum.h"
#include "tests/support/comparison.h"
#include "tests/support/low_pass.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/tonal_oracle.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr double kSpectrumRate = 44100;

LongTermSpectrum spectrum_of(const FloatTrack& track, double rate = kSpectrumRate,
                             std::vector<std::int64_t> cuts = {}) {
  LongTermSpectrumMeter meter(rate, track.channels());
  test::push(meter, track, cuts.empty() ? std::vector<std::int64_t>{track.frames()} : cuts);
  return meter.spectrum();
}

// As the samples were rounded to.
std::vector<Signal> signals_of(const FloatTrack& track) {
  std::vector<Signal> signals;
  for (int c = 0; c < track.channels(); ++c) signals.push_back(track.signal(c));
  return signals;
}

Signal one_behind_the_other(Signal a, const Signal& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Of 5 s, loud and quiet halves 20 dB apart: no segment lies near the gate.
FloatTrack stereo_track(std::uint64_t seed) {
  test::Random random = test::seeded(seed);
  const Signal mid =
      one_behind_the_other(test::white_noise(random, 0.1, 110000), test::white_noise(random, 0.01, 110000));
  const Signal side =
      one_behind_the_other(test::white_noise(random, 0.03, 110000), test::white_noise(random, 0.003, 110000));
  Signal left(mid.size()), right(mid.size());
  for (std::size_t n = 0; n < mid.size(); ++n) {
    left[n] = mid[n] + side[n];
    right[n] = mid[n] - side[n];
  }
  return FloatTrack({left, right});
}

TEST(LongTermSpectrumTest, IsThatOfItsDefinition) {
  const FloatTrack stereo = stereo_track(41);
  for (const int channels : {1, 2}) {
    std::vector<Signal> signals = signals_of(stereo);
    signals.resize(static_cast<std::size_t>(channels));
    const test::LongTermOracle want = test::long_term_oracle(signals, kSpectrumRate, 8192);
    test::for_each_simd_level([&] {
      const LongTermSpectrum got = spectrum_of(FloatTrack(signals));
      EXPECT_EQ(got.segments, (220000 - 8192) / 4096 + 1);
      EXPECT_EQ(got.loud_segments, want.loud_segments);
      EXPECT_EQ(got.bin_hz, kSpectrumRate / 8192);
      // Powers of transforms in float32 (-130 dB of amplitudes), summed in float32; -126 measured.
      EXPECT_LT(test::residual_db(got.power, want.power), -115);
      if (channels == 2) {
        EXPECT_LT(test::residual_db(got.side, want.side), -115);
      }
    });
  }
}

TEST(LongTermSpectrumTest, CutsAndLevelsGiveTheSameBits) {
  const FloatTrack track = stereo_track(42);
  const LongTermSpectrum whole = spectrum_of(track);
  test::Random random = test::seeded(43);
  for (int i = 0; i < 3; ++i) {
    const LongTermSpectrum cut = spectrum_of(track, kSpectrumRate, test::random_cuts(random, track.frames()));
    EXPECT_EQ(cut.power, whole.power);
    EXPECT_EQ(cut.side, whole.side);
  }
  LATHE_NEEDS_AVX512();
  const auto at = [&](SimdLevel level) { return test::at_level(level, [&] { return spectrum_of(track); }); };
  EXPECT_EQ(at(SimdLevel::avx2).power, at(SimdLevel::avx512).power);
}

TEST(LongTermSpectrumTest, PartsThatAreNotLoudDoNotCount) {
  test::Random random = test::seeded(44);
  const Signal tone = test::sine(1000, 0.25, kSpectrumRate, 200000);
  Signal quiet = test::white_noise(random, 0.004, 400000);  // 33 dB under the tone
  const LongTermSpectrum seen = spectrum_of(FloatTrack({one_behind_the_other(tone, quiet)}));
  EXPECT_NEAR(static_cast<double>(seen.loud_segments), 200000 / 4096.0, 2);
  EXPECT_LT(power_to_db(test::third_octave_power(seen.power, seen.bin_hz, 4000)), -60);  // of one segment on the edge
  double total = 0;
  for (const double p : seen.power) total += p;
  EXPECT_NEAR(power_to_db(total), power_to_db(0.25 * 0.25 / 2), 0.2);
}

TEST(LongTermSpectrumTest, SilenceAndWhatIsShorterThanASegmentHaveNone) {
  EXPECT_TRUE(spectrum_of(FloatTrack({Signal(100000, 0.0)})).is_empty());
  EXPECT_TRUE(spectrum_of(FloatTrack({test::sine(1000, 1e-5, kSpectrumRate, 100000)})).is_empty());
  EXPECT_TRUE(spectrum_of(FloatTrack({test::sine(1000, 0.5, kSpectrumRate, 8191)})).is_empty());
  EXPECT_EQ(spectrum_of(FloatTrack({test::sine(1000, 0.5, kSpectrumRate, 8192)})).loud_segments, 1);
}

TEST(LongTermSpectrumTest, MoreChannelsGiveTheirMean) {
  const Signal low = test::sine(200, 0.4, kSpectrumRate, 60000), high = test::sine(3000, 0.2, kSpectrumRate, 60000);
  const LongTermSpectrum seen = spectrum_of(FloatTrack({low, high, high, low, low}));
  EXPECT_TRUE(seen.side.empty());
  EXPECT_NEAR(test::third_octave_power(seen.power, seen.bin_hz, 200), 3.0 / 5 * 0.08, 1e-4);
  EXPECT_NEAR(test::third_octave_power(seen.power, seen.bin_hz, 3000), 2.0 / 5 * 0.02, 1e-4);
}

TEST(LongTermSpectrumTest, BinsAreAsWideAtEveryRate) {
  EXPECT_EQ(LongTermSpectrumMeter::points_at(44100), 8192);
  EXPECT_EQ(LongTermSpectrumMeter::points_at(48000), 8192);
  EXPECT_EQ(LongTermSpectrumMeter::points_at(96000), 16384);
  EXPECT_EQ(LongTermSpectrumMeter::points_at(192000), 32768);
  const LongTermSpectrum seen = spectrum_of(FloatTrack({test::sine(1000, 0.5, 192000, 70000)}), 192000);
  EXPECT_NEAR(test::third_octave_power(seen.power, seen.bin_hz, 1000), 0.125, 1e-3);
}

TEST(BalanceLineTest, IsThatOfItsDefinition) {
  const LongTermSpectrum seen = spectrum_of(stereo_track(45));
  const BalanceLine line = balance_of(seen.power, seen.bin_hz);
  for (int i = 10; i < kBalancePoints && balance_hz(i) < 20000; ++i) {
    ASSERT_NEAR(line.db[static_cast<std::size_t>(i)],
                power_to_db(test::density_oracle(seen.power, seen.bin_hz, balance_hz(i))), 1e-9)
        << balance_hz(i);
  }
}

TEST(BalanceLineTest, EndsWhereThereIsNothing) {
  test::Random random = test::seeded(46);
  const auto range = [](const Signal& x) {
    const LongTermSpectrum seen = spectrum_of(FloatTrack({x}));
    const BalanceLine line = balance_of(seen.power, seen.bin_hz);
    return std::pair(balance_hz(line.first), balance_hz(line.last));
  };
  const auto white = range(test::white_noise(random, 0.1, 300000));
  EXPECT_LT(white.first, 40);  // white noise has little power an octave down there
  EXPECT_GT(white.second, 21000);
  // What lossy coding leaves: nothing above 16 kHz but what rounding and dither add.
  Signal coded = test::band_limited_noise(random, 0.1, 16000 / kSpectrumRate, 300000);
  const Signal rounding = test::white_noise(random, 1.5e-5, 300000);
  for (std::size_t n = 0; n < coded.size(); ++n) coded[n] += rounding[n];
  const auto low_passed = range(coded);
  EXPECT_LT(low_passed.second, 16000);
  EXPECT_GT(low_passed.second, 13000);
}

TEST(BalanceLineTest, IsLevelBeyondItsPoints) {
  std::vector<double> points(kBalancePoints);
  for (int i = 0; i < kBalancePoints; ++i) points[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(balance_at(points, 0), 0);
  EXPECT_EQ(balance_at(points, 1e6), kBalancePoints - 1);
  EXPECT_NEAR(balance_at(points, 1000), kBalanceMiddle, 1e-9);
  EXPECT_NEAR(balance_at(points, 1000 * std::exp2(0.5 / kBalancePerOctave)), kBalanceMiddle + 0.5, 1e-9);
}

}  // namespace
}  // namespace lathe
