// The stereo stage: widths by frequency, mono bass, and what the guard keeps in every second.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/stereo/stereo.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/stereo_oracle.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::StereoPair;
using test::TestBackend;

// Widths as promised to users; of the guard's gain, float32 sums over 10 ms are all that differs.
constexpr double kWidthLimitDb = 0.05, kGuardLimitDb = -120;

std::shared_ptr<const StereoDesign> stereo_design(const StereoSettings& settings, double rate) {
  return std::make_shared<const StereoDesign>(settings, rate);
}

FloatTrack processed(TestBackend backend, const StereoSettings& settings, double rate, const FloatTrack& in) {
  return test::run_steps(backend, {stereo_design(settings, rate)}, rate, in);
}

StereoPair pair_of(const FloatTrack& track) { return {track.signal(0), track.signal(1)}; }

FloatTrack track_of(const Signal& mid, const Signal& side) {
  Signal left(mid.size()), right(mid.size());
  for (std::size_t n = 0; n < mid.size(); ++n) {
    left[n] = mid[n] + side[n];
    right[n] = mid[n] - side[n];
  }
  return FloatTrack({left, right});
}

// Mid and side of the answer to an impulse that is in both.
struct Response {
  Signal mid, side;
  std::int64_t origin;
  double rate;

  double mid_at(double hz) const { return std::abs(test::response_at(mid, hz / rate, origin)); }
  double side_at(double hz) const { return std::abs(test::response_at(side, hz / rate, origin)); }
};

Response response(TestBackend backend, const StereoSettings& settings, double rate) {
  const std::int64_t origin = stereo_design(settings, rate)->halo_frames() + 777;
  const Signal impulse = test::impulses(2 * origin + 1, {origin});
  Signal half = impulse;
  for (double& v : half) v *= 0.5;
  const StereoPair out = pair_of(processed(backend, settings, rate, track_of(impulse, half)));
  Response of{Signal(out.left.size()), Signal(out.left.size()), origin, rate};
  for (std::size_t n = 0; n < out.left.size(); ++n) {
    of.mid[n] = (out.left[n] + out.right[n]) / 2;
    of.side[n] = out.left[n] - out.right[n];
  }
  return of;
}

class StereoAt : public test::BackendRateTest {};

TEST_P(StereoAt, WidthsInsideTheirBandsAreTheSidesGain) {
  test::Random random = test::seeded(801 + static_cast<std::uint64_t>(rate_hz()));
  for (int draw = 0; draw < (backend() == TestBackend::cpu ? 2 : 1); ++draw) {
    StereoSettings settings;
    const std::vector<double> edges = {random.log_uniform(60, 250), random.log_uniform(600, 3000),
                                       random.log_uniform(6000, 15000)};
    for (const double edge : edges) settings.bands.push_back({edge, random.uniform(0.1, 2)});
    settings.bands.push_back({std::nullopt, random.uniform(0.1, 2)});
    const Response got = response(backend(), settings, rate_hz());
    double from = 20;
    for (const StereoBand& band : settings.bands) {
      const double to = band.up_to_hz.value_or(20000);
      // A quarter of an octave on either side of an edge belongs to the transition.
      for (double f = from * 1.19; f < to / 1.19; f *= 1.1)
        EXPECT_NEAR(test::db(got.side_at(f) / got.mid_at(f)), test::db(band.width), kWidthLimitDb) << f;
      from = to;
    }
    for (double f = 20; f < 20000; f *= 1.3) EXPECT_NEAR(test::db(got.mid_at(f)), 0, 1e-5) << f;
    for (std::int64_t k = 1; k < got.origin; k += 7) {
      EXPECT_NEAR(got.side[static_cast<std::size_t>(got.origin + k)],
                  got.side[static_cast<std::size_t>(got.origin - k)], 2e-6);
    }
  }
}

TEST_P(StereoAt, MonoBelowLeavesNoSideInTheBassAndAllOfItAbove) {
  for (const double corner : {60.0, 120.0, 200.0}) {
    StereoSettings settings;
    settings.mono_below_hz = corner;
    const Response got = response(backend(), settings, rate_hz());
    for (double f = 5; f <= corner * 2 / 3; f += 2.5) EXPECT_LT(test::db(got.side_at(f)), -40) << f;
    for (double f = corner * 5 / 3; f <= 20000; f *= 1.1) EXPECT_NEAR(test::db(got.side_at(f)), 0, 0.1) << f;
  }
}

LATHE_INSTANTIATE_BACKENDS_AT(StereoAt, {44100, 48000, 88200, 96000, 192000}, {44100});

class Stereo : public test::BackendTest {
 protected:
  std::int64_t seconds(std::int64_t on_the_cpu) const { return backend() == TestBackend::cpu ? on_the_cpu : 2; }
};

TEST_P(Stereo, OneWidthIsTheSidesGainAndMonoAtZero) {
  test::Random random = test::seeded(802);
  const Signal mid = test::white_noise(random, 0.2, 30000), side = test::white_noise(random, 0.1, 30000);
  for (const double width : {0.0, 0.3, 1.0, 1.7, 2.0}) {
    StereoSettings settings;
    settings.width = width;
    const FloatTrack in = track_of(mid, side), out = processed(backend(), settings, 48000, in);
    if (width == 1) {
      EXPECT_TRUE(test::same_bits(out, in));
    }
    if (width == 0) {
      EXPECT_TRUE(test::same_bits(out.channel(0), out.channel(1)));
    }
    Signal scaled = side;
    for (double& v : scaled) v *= width;
    const FloatTrack want = track_of(mid, scaled);
    for (int c = 0; c < 2; ++c) EXPECT_LT(test::residual_db(out.channel(c), want.channel(c)), -135);
  }
}

TEST_P(Stereo, WhatIsMonoStaysSoBitForBit) {
  test::Random random = test::seeded(803);
  const Signal mono = test::programme(random, 44100, 44100 * seconds(3) / 2);
  StereoSettings settings;
  settings.bands = {{300, 0.2}, {4000, 1.3}, {std::nullopt, 2}};
  settings.mono_below_hz = 120;
  settings.min_correlation = 0.3;
  settings.max_mono_loss_db = 1;
  const FloatTrack in({mono, mono});
  test::for_each_level_of(backend(),
                          [&] { EXPECT_TRUE(test::same_bits(processed(backend(), settings, 44100, in), in)); });
}

// Decorrelated, out of phase, one channel alone, bursts of antiphase between mono, and silence.
std::vector<std::pair<std::string, FloatTrack>> hard_material(test::Random& random, double rate, std::int64_t frames) {
  const Signal a = test::programme(random, rate, frames), b = test::programme(random, rate, frames);
  Signal minus = a, little = a, bursts = a, quiet(a.size(), 0.0);
  for (double& v : minus) v = -v;
  for (std::size_t n = 0; n < a.size(); ++n) {
    little[n] = 0.05 * a[n];
    const double part = std::fmod(static_cast<double>(n) / rate, 0.37);
    if (part < 0.11) bursts[n] = -a[n];
    if (part > 0.2 && part < 0.206) bursts[n] = -a[n];
  }
  return {{"decorrelated", FloatTrack({a, b})},
          {"antiphase", FloatTrack({a, minus})},
          {"nearly antiphase", track_of(little, a)},
          {"one channel", FloatTrack({a, quiet})},
          {"bursts of antiphase", FloatTrack({a, bursts})},
          {"silence", FloatTrack({quiet, quiet})}};
}

TEST_P(Stereo, TheGuardHoldsItsLimitsInEverySecond) {
  test::Random random = test::seeded(804);
  for (const double rate : {44100.0, 48000.0}) {
    const auto second = static_cast<std::int64_t>(rate);
    for (const auto& [name, in] : hard_material(random, rate, second * seconds(5) + 12345)) {
      for (const auto& [correlation, loss] :
           {std::pair{0.0, 24.0}, {0.5, 24.0}, {-1.0, 1.0}, {-0.3, 24.0}, {0.2, 0.5}}) {
        SCOPED_TRACE(name + " " + std::to_string(correlation) + " " + std::to_string(loss));
        if (backend() != TestBackend::cpu && correlation != 0.2 && correlation != -0.3) continue;
        StereoSettings settings;
        settings.width = 1.5;
        settings.min_correlation = correlation;
        settings.max_mono_loss_db = loss;
        const StereoPair out = pair_of(processed(backend(), settings, rate, in));
        const test::MonoFold worst = test::worst_second(out, second, 1001);
        EXPECT_GE(worst.correlation, correlation - 1e-4);
        EXPECT_LE(worst.loss_db, loss + 1e-4);
      }
    }
  }
}

TEST_P(Stereo, TheGuardsGainIsThatOfTheDefinition) {
  test::Random random = test::seeded(805);
  const double rate = 11025;
  for (const auto& [name, in] : hard_material(random, rate, 11025 * seconds(4) + 321)) {
    for (const double correlation : {-0.4, 0.1}) {
      SCOPED_TRACE(name + " " + std::to_string(correlation));
      StereoSettings settings;
      settings.min_correlation = correlation;
      settings.max_mono_loss_db = 2;
      const auto made = stereo_design(settings, rate);
      const StereoPair want = test::guarded_oracle(pair_of(in), made->limits(), made->block_frames());
      test::for_each_level_of(backend(), [&] {
        const FloatTrack got = processed(backend(), settings, rate, in);
        double off = 0, power = 1e-12;
        for (int c = 0; c < 2; ++c) {
          const Signal& of = c == 0 ? want.left : want.right;
          for (std::size_t n = 0; n < of.size(); ++n) {
            off += std::pow(static_cast<double>(got.channel(c)[n]) - of[n], 2);
            power += std::pow(static_cast<double>(in.channel(c)[n]), 2);
          }
        }
        EXPECT_LT(10 * std::log10(off / power + 1e-30), kGuardLimitDb);
      });
    }
  }
}

TEST_P(Stereo, WhereTheGuardHasNothingToDoEveryBitPasses) {
  test::Random random = test::seeded(806);
  const Signal mid = test::white_noise(random, 0.2, 60000), side = test::white_noise(random, 0.05, 60000);
  StereoSettings settings;
  settings.min_correlation = 0.5;
  settings.max_mono_loss_db = 1;
  const FloatTrack in = track_of(mid, side);
  EXPECT_TRUE(test::same_bits(processed(backend(), settings, 48000, in), in));
}

TEST_P(Stereo, BalanceMovesTheLevelFromLeftToRight) {
  test::Random random = test::seeded(807);
  const FloatTrack in({test::white_noise(random, 0.1, 9000), test::white_noise(random, 0.1, 9000)});
  StereoSettings settings;
  settings.balance_db = 3;
  const FloatTrack out = processed(backend(), settings, 48000, in);
  for (int c = 0; c < 2; ++c) {
    Signal want = in.signal(c);
    for (double& v : want) v *= std::pow(10.0, (c == 0 ? -1.5 : 1.5) / 20);
    EXPECT_LT(test::residual_db(out.channel(c), want), -135);
  }
}

TEST_P(Stereo, OneChannelIsLeftAloneAndMoreThanTwoAreRefused) {
  test::Random random = test::seeded(808);
  StereoSettings settings;
  settings.width = 0.5;
  const FloatTrack mono({test::white_noise(random, 0.1, 5000)});
  EXPECT_TRUE(test::same_bits(processed(backend(), settings, 48000, mono), mono));
  EXPECT_THROW(processed(backend(), settings, 48000, FloatTrack(3, 100)), std::invalid_argument);
}

TEST_P(Stereo, TheAccountSaysHowMonoSafeTheTrackWasAndIs) {
  test::Random random = test::seeded(809);
  const std::int64_t rate = 44100;
  Signal a = test::white_noise(random, 0.1, rate * 4), b = test::white_noise(random, 0.1, rate * 4);
  StereoSettings settings;
  settings.width = 2;
  settings.max_mono_loss_db = 2;
  FirstPassSetup setup = test::setup_for(FloatTrack({a, b}), static_cast<double>(rate));
  setup.steps = {stereo_design(settings, static_cast<double>(rate))};
  FloatTrack out(2, 0);
  const FirstPassResult result = test::run_pass(backend(), setup, FloatTrack({a, b}), {rate * 4}, &out);
  ASSERT_EQ(result.accounts.size(), 1u);
  const auto figure = [&](const std::string& name) {
    for (const auto& [of, value] : result.accounts[0].figures) {
      if (of == name) return value;
    }
    return std::numeric_limits<double>::quiet_NaN();
  };
  const test::MonoFold before = test::worst_second({a, b}, rate, rate / 10),
                       after = test::worst_second(pair_of(out), rate, rate / 10);
  EXPECT_NEAR(figure("worst_correlation_before"), before.correlation, 1e-4);
  EXPECT_NEAR(figure("worst_mono_loss_before_db"), before.loss_db, 1e-3);
  EXPECT_NEAR(figure("worst_correlation_after"), after.correlation, 1e-3);
  EXPECT_NEAR(figure("worst_mono_loss_after_db"), after.loss_db, 1e-2);
  EXPECT_EQ(figure("guarded_share"), 1);
  // Side twice as loud as mid, 6.02 dB; it may have -2.33 dB of it, and the guard's own margin is 0.26.
  EXPECT_NEAR(figure("largest_narrowing_db"), 8.6, 0.5);
  ASSERT_EQ(result.accounts[0].curves.size(), 1u);
  EXPECT_EQ(result.accounts[0].curves[0].values.size(), 40u);
}

LATHE_INSTANTIATE_BACKENDS(Stereo);

TEST(StereoSettings, SayWhichFieldIsOutOfRange) {
  const auto complaint = [](const std::function<void(StereoSettings&)>& change) {
    StereoSettings settings;
    change(settings);
    try {
      settings.check();
    } catch (const std::invalid_argument& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint([](StereoSettings&) {}), "");
  EXPECT_NE(complaint([](StereoSettings& s) { s.width = 2.1; }).find("width"), std::string::npos);
  EXPECT_NE(complaint([](StereoSettings& s) { s.bands = {{500, 1}, {400, 1}}; }).find("up_to_hz"), std::string::npos);
  EXPECT_NE(complaint([](StereoSettings& s) {
              s.bands = {{std::nullopt, 1}, {400, 1}};
            }).find("last"),
            std::string::npos);
  EXPECT_NE(complaint([](StereoSettings& s) { s.mono_below_hz = 5; }).find("mono_below_hz"), std::string::npos);
  EXPECT_NE(complaint([](StereoSettings& s) { s.min_correlation = 1.5; }).find("min_correlation"), std::string::npos);
  EXPECT_NE(complaint([](StereoSettings& s) { s.max_mono_loss_db = -1; }).find("max_mono_loss_db"), std::string::npos);
  EXPECT_NE(complaint([](StereoSettings& s) { s.balance_db = std::nan(""); }).find("balance_db"), std::string::npos);
}

TEST(StereoSettings, KnowWhenTheyChangeNothing) {
  StereoSettings settings;
  EXPECT_TRUE(settings.changes_nothing());
  settings.bands = {{500, 1}, {std::nullopt, 1}};
  EXPECT_TRUE(settings.changes_nothing());
  settings.min_correlation = -1;
  EXPECT_TRUE(settings.changes_nothing());
  settings.min_correlation = 0;
  EXPECT_FALSE(settings.changes_nothing());
}

}  // namespace
}  // namespace lathe
