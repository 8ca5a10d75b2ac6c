// The guard lets honest work pass and stops what harms the music.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "kernels/restoration/guard.h"
#include "tests/support/dehum_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track_reader.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Random;
using test::Signal;

constexpr double kGuardRate = 44100;

// Twelve seconds of strokes that die away, with noise far below.
Signal strokes(Random& random) {
  Signal x = test::white_noise(random, 1e-4, 12 * 44100);
  double gain = 0;
  for (std::size_t n = 0; n < x.size(); ++n) {
    if (n % 17000 == 500) gain = random.uniform(0.1, 0.4);
    gain *= 1 - 1 / 4000.0;
    x[n] += gain * random.normal();
  }
  return x;
}

GuardReading read(const Signal& before, const Signal& after, GuardLimits limits = {}) {
  const FloatTrack a(std::vector<Signal>{before}), b(std::vector<Signal>{after});
  test::CopyingReader before_reader(a), after_reader(b);
  return compare(before_reader, after_reader, kGuardRate, limits);
}

// Mean of 2 reach + 1 samples.
Signal smeared(const Signal& x, std::int64_t reach) {
  Signal y(x.size(), 0.0);
  for (std::int64_t n = 0; n < std::ssize(x); ++n) {
    double sum = 0;
    for (std::int64_t k = std::max<std::int64_t>(0, n - reach); k <= std::min(std::ssize(x) - 1, n + reach); ++k)
      sum += x[static_cast<std::size_t>(k)];
    y[static_cast<std::size_t>(n)] = sum / static_cast<double>(2 * reach + 1);
  }
  return y;
}

TEST(Guard, TheSameTrackPasses) {
  Random random = test::seeded(20);
  const Signal x = strokes(random);
  const GuardReading r = read(x, x);
  EXPECT_TRUE(r.is_ok()) << r.failed;
  EXPECT_EQ(r.level_p95_db, 0);
  EXPECT_EQ(r.high_loss_db, 0);
  EXPECT_EQ(r.onset_loss_db, 0);
  EXPECT_GT(r.frames, 20);
  EXPECT_GT(r.high_frames, 20);
  EXPECT_NEAR(static_cast<double>(r.onsets), 31, 2);
}

TEST(Guard, ClicksAndHumTakenAwayPass) {
  Random random = test::seeded(21);
  const Signal clean = strokes(random);
  Signal damaged = clean;
  for (int i = 0; i < 120; ++i) damaged[static_cast<std::size_t>(random.integer(0, std::ssize(clean) - 1))] += 0.8;
  EXPECT_TRUE(read(damaged, clean).is_ok()) << read(damaged, clean).failed;
  const Signal hum = test::made_hum(50, {0.003, 0.0015}, 0, 1, kGuardRate, std::ssize(clean), random);
  for (std::size_t n = 0; n < clean.size(); ++n) damaged[n] = clean[n] + hum[n];
  EXPECT_TRUE(read(damaged, clean).is_ok()) << read(damaged, clean).failed;
}

TEST(Guard, HissTakenAwayPassesWhereSteadyHighsAreNoise) {
  Random random = test::seeded(27);
  const Signal clean = strokes(random);
  Signal noisy = clean;
  for (double& v : noisy) v += 0.003 * random.normal();
  GuardLimits limits;
  limits.steady_highs_are_music = false;
  EXPECT_TRUE(read(noisy, clean, limits).is_ok()) << read(noisy, clean, limits).failed;
  // A whole track of noise tells nothing then, and does otherwise.
  const Signal noise = test::white_noise(random, 0.01, 200000);
  EXPECT_EQ(read(noise, smeared(noise, 1), {10, 20, 1, 5, false}).failed, "");
  EXPECT_EQ(read(noise, smeared(noise, 1), {10, 20, 1, 5, true}).failed, "highs");
}

TEST(Guard, AMuffledTrackFails) {
  Random random = test::seeded(22);
  Signal x = strokes(random);
  // Mostly bass, so that its level hardly tells.
  const Signal bass = smeared(x, 12);
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = bass[n] * 5 + 0.05 * x[n];
  const GuardReading r = read(x, smeared(x, 1));
  EXPECT_EQ(r.failed, "highs");
  EXPECT_GT(r.high_loss_db, 3);
}

TEST(Guard, ALowerLevelFails) {
  Random random = test::seeded(23);
  const Signal x = strokes(random);
  Signal y = x;
  for (double& v : y) v *= 0.9;
  const GuardReading r = read(x, y);
  EXPECT_EQ(r.failed, "level");
  EXPECT_NEAR(r.level_median_db, 0.915, 0.01);
  GuardLimits wide;
  wide.level_median_db = 1, wide.high_loss_db = 1, wide.onset_loss_db = 1;
  EXPECT_TRUE(read(x, y, wide).is_ok());
  // A tenth of the frames lowered: the median doesn't see it.
  Signal z = x;
  for (std::size_t n = 0; n < z.size() / 5; ++n) z[n] *= 0.5;
  EXPECT_EQ(read(x, z).failed, "level_p95");
}

TEST(Guard, AttacksTakenForClicksFailUnlessTheyAreFewAmongManyRepairs) {
  Random random = test::seeded(27);
  const Signal x = strokes(random);
  Signal y = x;
  std::int64_t strokes_cut = 0;
  for (std::size_t n = 500; n + 300 < y.size(); n += 17000, ++strokes_cut) {
    for (std::size_t i = 0; i < 200; ++i) y[n + i] *= 0.03;
  }
  GuardLimits limits;
  limits.level_p95_db = 6;
  EXPECT_EQ(read(x, y, limits).failed, "onsets");
  limits.places = 5 * strokes_cut;
  const GuardReading r = read(x, y, limits);
  EXPECT_EQ(r.failed, "onsets");
  EXPECT_GT(r.lost_onsets, strokes_cut / 2);
  limits.places = 20 * strokes_cut;
  EXPECT_TRUE(read(x, y, limits).is_ok());
}

TEST(Guard, SmearedOnsetsFail) {
  Random random = test::seeded(24);
  const Signal x = strokes(random);
  // Half of the energy of each onset comes 6 ms early, as where a spectrum of long windows is changed.
  Signal y = x;
  for (std::size_t n = 0; n + 265 < y.size(); ++n) y[n] = std::sqrt(0.5) * (x[n] + x[n + 265]);
  const GuardReading r = read(x, y, {1, 6, 1, 1, true});
  EXPECT_EQ(r.failed, "onsets");
  EXPECT_GT(r.onset_loss_db, 1);
}

TEST(Guard, OneSampleThatIsNotFiniteFails) {
  Random random = test::seeded(25);
  const Signal x = strokes(random);
  for (const std::size_t at : {std::size_t{0}, std::size_t{300000}, x.size() - 1}) {
    Signal y = x;
    y[at] = std::numeric_limits<double>::quiet_NaN();
    const GuardReading r = read(x, y);
    EXPECT_EQ(r.failed, "not_finite");
    EXPECT_EQ(r.not_finite_samples, 1);
  }
}

TEST(Guard, SilenceShortTracksAndAllChannelsPass) {
  for (const std::int64_t frames : {0, 1, 100, 5000, 50000}) {
    FloatTrack silence(8, frames);
    for (int c = 0; c < 8; ++c) std::fill(silence.channel(c).begin(), silence.channel(c).end(), 0.0f);
    for (const double rate : {8000.0, 192000.0}) {
      test::CopyingReader a(silence), b(silence);
      EXPECT_TRUE(compare(a, b, rate, {}).is_ok());
    }
  }
}

TEST(Guard, TracksOfDifferentLengthAndLimitsOfNothingAreRefused) {
  const FloatTrack a(1, 100), b(1, 101);
  test::CopyingReader ra(a), rb(b), rc(a);
  EXPECT_THROW(compare(ra, rb, kGuardRate, {}), std::invalid_argument);
  EXPECT_THROW(compare(ra, rc, kGuardRate, {0, 1, 1, 1, true}), std::invalid_argument);
}

TEST(Guard, TheLevelOfSimdChangesNothing) {
  LATHE_NEEDS_AVX512();
  Random random = test::seeded(26);
  const Signal x = strokes(random), y = smeared(x, 1);
  const GuardReading a = test::at_level(SimdLevel::avx2, [&] { return read(x, y); });
  const GuardReading b = test::at_level(SimdLevel::avx512, [&] { return read(x, y); });
  EXPECT_EQ(a.high_loss_db, b.high_loss_db);
  EXPECT_EQ(a.level_p95_db, b.level_p95_db);
  EXPECT_EQ(a.onset_loss_db, b.onset_loss_db);
}

}  // namespace
}  // namespace lathe
