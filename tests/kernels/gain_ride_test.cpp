// Level riding: the range that comes out, how steep the gain is, and the gain itself on every backend.
#include "kernels/dynamics/gain_ride.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

constexpr double kGainRideRate = 48000;

struct Section {
  double lufs;
  double seconds;
};

// Steady sections, as hops.
HopEnergies song(const std::vector<Section>& sections, double rate_hz = kGainRideRate) {
  HopEnergies hops;
  hops.sample_rate_hz = rate_hz;
  for (const Section& section : sections) {
    const double power = section.lufs < -200 ? 0 : std::pow(10.0, (section.lufs + 0.691) / 10);
    hops.energy.insert(hops.energy.end(), static_cast<std::size_t>(std::lround(section.seconds * 100)),
                       power * rate_hz / 100);
  }
  return hops;
}

double gain_at(const GainRide& ride, double seconds, double rate_hz = kGainRideRate) {
  const auto knot = static_cast<std::size_t>(seconds * rate_hz / static_cast<double>(ride.spacing()));
  return ride.knots_db()[std::min(knot, ride.knots_db().size() - 1)];
}

// Promised to users: within 0.5 LU. Found within 0.05 on the grid of 0.1 s, which the hops' own gains follow.
TEST(GainRide, ASongOfThreeSectionsComesToTheRangeAskedFor) {
  for (const double seconds : {20.0, 30.0, 60.0}) {
    for (const double range_lu : {3.0, 5.0, 8.0}) {
      const FoundRide found = find_ride(song({{-26, seconds}, {-20, seconds}, {-12, seconds}}), {range_lu, 12});
      EXPECT_NEAR(found.reading.range_before_lu, 14, 0.1);
      EXPECT_NEAR(found.reading.range_after_lu, range_lu, 0.1);
      EXPECT_TRUE(found.reading.reason.empty());
    }
  }
}

// Levels move against each other; a chain without a loudness target does not get louder.
TEST(GainRide, TheWholeStaysAsLoudAsItWas) {
  for (const double window_s : {0.4, 12.0}) {
    HopEnergies hops = song({{-32, 5}, {-18, 5}, {-32, 5}, {-18, 5}, {-32, 5}, {-18, 5}});
    const double before = integrated_loudness(hops);
    const FoundRide found = find_ride(hops, {5, window_s});
    ASSERT_TRUE(found.ride);
    for (std::size_t k = 0; k < hops.energy.size(); ++k)
      hops.energy[k] *= std::pow(10.0, gain_at(*found.ride, static_cast<double>(k) / 100) / 10);
    EXPECT_NEAR(integrated_loudness(hops), before, 0.3) << window_s;
  }
}

TEST(GainRide, TheEndOfAFadeIsNotRaisedBeyondReason) {
  std::vector<Section> sections = {{-14, 120}};
  for (int k = 0; k < 40; ++k) sections.push_back({-14.0 - k, 0.5});
  const FoundRide found = find_ride(song(sections), {1, 6});
  EXPECT_LE(found.reading.most_up_db, 15.01);
}

TEST(GainRide, WhatIsLouderComesDownAndWhatIsQuieterComesUpWhereverItStands) {
  const FoundRide found = find_ride(song({{-12, 30}, {-22, 60}, {-15, 30}}), {4, 12});
  ASSERT_TRUE(found.ride);
  EXPECT_NEAR(found.reading.range_after_lu, 4, 0.1);
  EXPECT_LT(gain_at(*found.ride, 10), -1);  // the intro
  EXPECT_GT(gain_at(*found.ride, 60), 3);
  // Within a section nothing moves.
  EXPECT_NEAR(gain_at(*found.ride, 50), gain_at(*found.ride, 70), 0.01);
}

TEST(GainRide, NoGainIsSteeperThanADecibelASecond) {
  Random random = seeded(81);
  for (const double rate_hz : {44100.0, 48000.0, 11025.0}) {
    std::vector<Section> sections;
    for (int i = 0; i < 30; ++i) sections.push_back({random.uniform(-35, -8), random.uniform(0.5, 12)});
    const FoundRide found = find_ride(song(sections, rate_hz), {2, 0.4});
    ASSERT_TRUE(found.ride);
    EXPECT_LE(found.reading.steepest_db_s, 1.0);
    EXPECT_GT(found.reading.steepest_db_s, 0.9);
    EXPECT_LT(found.reading.range_after_lu, found.reading.range_before_lu);
  }
}

TEST(GainRide, ARangeThatIsMetChangesNothing) {
  EXPECT_FALSE(find_ride(song({{-14, 30}, {-12, 30}}), {3, 12}).ride);
  EXPECT_FALSE(find_ride(song({{-300, 30}}), {3, 12}).ride);
  EXPECT_FALSE(find_ride(song({{-20, 1}}), {0, 12}).ride);
  EXPECT_FALSE(find_ride(song({}), {3, 12}).ride);
}

TEST(GainRide, SilenceKeepsTheGainOfWhatIsAroundIt) {
  const FoundRide found =
      find_ride(song({{-300, 10}, {-24, 40}, {-300, 6}, {-24, 40}, {-12, 60}, {-300, 20}}), {4, 12});
  ASSERT_TRUE(found.ride);
  const double quiet = gain_at(*found.ride, 30), loud = gain_at(*found.ride, 130);
  EXPECT_NEAR(gain_at(*found.ride, 5), quiet, 0.3);
  EXPECT_NEAR(gain_at(*found.ride, 53), quiet, 0.3);
  EXPECT_NEAR(gain_at(*found.ride, 170), loud, 0.3);
}

// Two seconds each: at a decibel a second nothing can be done about that.
TEST(GainRide, WhatIsTooSteepIsSaid) {
  std::vector<Section> sections;
  for (int i = 0; i < 40; ++i) sections.push_back({i % 2 == 0 ? -26.0 : -12.0, 4});
  const FoundRide found = find_ride(song(sections), {3, 12});
  EXPECT_FALSE(found.reading.reason.empty());
  EXPECT_GT(found.reading.range_after_lu, 3.5);
}

TEST(GainRide, SettingsThatMakeNoSenseAreRefused) {
  EXPECT_THROW(find_ride(song({{-20, 10}}), {-1, 12}), std::invalid_argument);
  EXPECT_THROW(find_ride(song({{-20, 10}}), {3, 0}), std::invalid_argument);
  EXPECT_THROW(GainRide(48000, {}), std::invalid_argument);
}

class GainRideOn : public BackendTest {};
LATHE_INSTANTIATE_BACKENDS(GainRideOn);

TEST_P(GainRideOn, TheGainIsLinearBetweenItsKnotsAndStaysBehindTheLast) {
  Random random = seeded(82);
  const std::int64_t spacing = GainRide::spacing_frames(kGainRideRate), frames = 5 * spacing + 123;
  const std::vector<double> knots_db = {0, -3, 2, 6};
  const auto ride = std::make_shared<const GainRide>(kGainRideRate, knots_db);
  const FloatTrack in({white_noise(random, 0.1, frames), white_noise(random, 0.1, frames)});
  const FloatTrack out = run_steps(backend(), {ride}, kGainRideRate, in, random_cuts(random, frames));
  for (int c = 0; c < 2; ++c) {
    Signal want = in.signal(c);
    for (std::int64_t n = 0; n < frames; ++n) {
      const auto knot = static_cast<std::size_t>(n / spacing);
      const double part = static_cast<double>(n % spacing) / static_cast<double>(spacing);
      const double from = std::pow(10.0, knots_db[std::min<std::size_t>(knot, 3)] / 20),
                   to = std::pow(10.0, knots_db[std::min<std::size_t>(knot + 1, 3)] / 20);
      want[static_cast<std::size_t>(n)] *= from + part * (to - from);
    }
    EXPECT_LT(residual_db(out.channel(c), want), -130);  // float roundings of the gain and the product
  }
}

}  // namespace
}  // namespace lathe::test
