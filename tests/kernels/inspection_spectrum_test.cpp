// The inspector's spectrum, its end, and the walls in it from moment to moment.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/inspection/band_limit.h"
#include "kernels/inspection/inspector.h"
#include "kernels/math/decibel.h"
#include "tests/support/low_pass.h"
#include "tests/support/signals.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr double kFaultSpectrumRate = 44100;

Inspection inspect(const FloatTrack& track) {
  Inspector inspector({kFaultSpectrumRate, track.channels(), 0x1p-15, true});
  test::push(inspector, track, {track.frames()});
  return inspector.inspection();
}

// Rounds to steps of 16 bits, as files have it.
FloatTrack rounded_to_16_bits(const std::vector<Signal>& channels) {
  FloatTrack track(channels);
  for (int c = 0; c < track.channels(); ++c) {
    for (float& x : track.channel(c)) x = std::clamp(std::round(x * 32768), -32768.0f, 32767.0f) / 32768;
  }
  return track;
}

TEST(InspectionSpectrumTest, TheSpectrumOfAToneIsItsPowerAtItsFrequency) {
  const Signal tone = test::sine(6890.625, 0.5, kFaultSpectrumRate, 150000), silent(150000, 0.0);  // bin 320
  const Spectrum seen = inspect(FloatTrack({tone, silent})).spectrum;
  ASSERT_EQ(seen.powers.size(), 2u);
  EXPECT_EQ(seen.segments, 150000 / 2048);
  double total = 0;
  for (const double power : seen.powers[0]) total += power;
  EXPECT_NEAR(power_to_db(total), power_to_db(0.125), 0.01);
  const double near = seen.powers[0][319] + seen.powers[0][320] + seen.powers[0][321];
  EXPECT_NEAR(near / total, 1, 1e-6);
  for (const double power : seen.powers[1]) ASSERT_EQ(power, 0);
}

TEST(InspectionSpectrumTest, TheSpectrumOfWhiteNoiseIsFlat) {
  test::Random random(9);
  const Signal noise = test::white_noise(random, 0.1, 2048 * 400);
  const Spectrum seen = inspect(FloatTrack({noise})).spectrum;
  // 400 segments: each bin within a fifth (four standard deviations), their sum that of the noise.
  for (std::size_t k = 4; k < 1020; ++k) ASSERT_NEAR(seen.powers[0][k] * 1024 / 0.01, 1, 0.25) << k;
}

TEST(InspectionSpectrumTest, AWallInTheSpectrumIsFoundWhereItIs) {
  test::Random random(10);
  const Signal noise = test::band_limited_noise(random, 0.1, 16000 / kFaultSpectrumRate, 400000);
  const auto wall = find_band_limit(inspect(rounded_to_16_bits({noise})).spectrum, 4000, 22050, 700);
  ASSERT_TRUE(wall);
  EXPECT_NEAR(wall->cutoff_hz, 16000, 900);
  EXPECT_GT(wall->wall_db, 40);
  // Rounding to 16 bits: -98.1 dBFS over half the sample rate.
  EXPECT_NEAR(wall->floor_db_hz, power_to_db(0x1p-30 / 12 / 22050), 1);
  EXPECT_FALSE(find_band_limit(inspect(FloatTrack({Signal(100000, 0.0)})).spectrum, 4000, 22050, 700));
  EXPECT_FALSE(find_band_limit(inspect(FloatTrack({Signal(100, 0.5)})).spectrum, 4000, 22050, 700));
  const auto white =
      find_band_limit(inspect(FloatTrack({test::white_noise(random, 0.1, 400000)})).spectrum, 4000, 22050, 700);
  ASSERT_TRUE(white);
  EXPECT_LT(white->wall_db, 2);
}

// Of each window of two segments, and of no other.
TEST(InspectionSpectrumTest, WallsAreCountedByTheMoment) {
  test::Random random(33);
  const std::int64_t window = 4096, frames = 100 * window;
  Signal x = test::white_noise(random, 0.1, frames);
  const Signal cut = test::band_limited_noise(random, 0.1, 17000 / kFaultSpectrumRate, frames);
  std::copy_n(cut.begin() + 10 * window, 25 * window, x.begin() + 10 * window);
  const SpectralWallFacts seen = inspect(rounded_to_16_bits({x, x})).spectrum.walls;
  EXPECT_EQ(seen.windows, 100);
  EXPECT_NEAR(static_cast<double>(seen.walls), 25, 2);  // the first and the last have an edge in them
  EXPECT_NEAR(seen.cutoff_hz, 16500, 700);
  EXPECT_LE(seen.lowest_hz, seen.cutoff_hz);
  EXPECT_GE(seen.highest_hz, seen.cutoff_hz);
  EXPECT_EQ(inspect(FloatTrack({test::white_noise(random, 0.1, frames)})).spectrum.walls.walls, 0);
  EXPECT_EQ(inspect(FloatTrack({Signal(100000, 0.0)})).spectrum.walls.windows, 0);
}

// Harmonics of a band-limited oscillator: nothing above the last, but nothing between them either.
TEST(InspectionSpectrumTest, PartialsMakeNoWall) {
  Signal x(200000, 0.0);
  for (int k = 1; k <= 17; ++k) {
    const Signal partial = test::sine(1000 * k, 0.2 / k, kFaultSpectrumRate, 200000);
    for (std::size_t n = 0; n < x.size(); ++n) x[n] += partial[n];
  }
  EXPECT_EQ(inspect(rounded_to_16_bits({x})).spectrum.walls.walls, 0);
}

}  // namespace
}  // namespace lathe
