// From two spectra to gains, and from gains to a filter: what match_eq does to a track.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <vector>

#include "kernels/math/decibel.h"
#include "kernels/tonal_balance/match_eq.h"
#include "kernels/tonal_balance/target_curves.h"
#include "tests/support/comparison.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/low_pass.h"
#include "tests/support/signals.h"
#include "tests/support/tonal_oracle.h"
#include "tests/support/track.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;

constexpr double kMatchEqRate = 44100;
constexpr std::int64_t kMatchFrames = 400000;

LongTermSpectrum match_eq_spectrum_of(const FloatTrack& track, double rate = kMatchEqRate) {
  LongTermSpectrumMeter meter(rate, track.channels());
  test::push(meter, track, {track.frames()});
  return meter.spectrum();
}

// A spectrum as a long track of noise with that density would have it, without the noise's own scatter.
template <class Density>
LongTermSpectrum drawn(Density&& density_db, double rate = kMatchEqRate) {
  LongTermSpectrum spectrum;
  spectrum.bin_hz = rate / 8192;
  spectrum.segments = spectrum.loud_segments = 100;
  for (int k = 0; k <= 4096; ++k)
    spectrum.power.push_back(k == 0 ? 0 : spectrum.bin_hz * db_to_power(density_db(k * spectrum.bin_hz)));
  return spectrum;
}

double pink_db(double f) { return -40 - 10 * std::log10(f); }

double at(const MatchCurve& curve, double f) { return balance_at(curve.db, f); }

MatchEqSettings all(double max_db = 24) { return {1, max_db, false}; }

TEST(MatchCurveTest, ATrackMatchedToItselfIsLeftAlone) {
  test::Random random = test::seeded(51);
  const LongTermSpectrum track =
      match_eq_spectrum_of(FloatTrack({test::programme(random, kMatchEqRate, kMatchFrames)}));
  MatchCurve curve = match_curve(track, aim_of({track}), all());
  EXPECT_TRUE(curve.db.empty());
  EXPECT_TRUE(curve.why_not.empty());
  EXPECT_NEAR(curve.deviation_before_db, 0, 1e-4);  // a difference of squares
  EXPECT_EQ(design_match(curve, kMatchEqRate), nullptr);
  // Louder or quieter, it is the same balance.
  LongTermSpectrum louder = track;
  for (double& p : louder.power) p *= 10;
  EXPECT_TRUE(match_curve(track, aim_of({louder}), all()).db.empty());
}

TEST(MatchCurveTest, TakesAnEqualiserBack) {
  const std::vector<EqBand> bands{
      {BandType::low_shelf, 120, 5}, {BandType::bell, 900, -6, 1}, {BandType::high_shelf, 6000, 4}};
  const LongTermSpectrum track = drawn([&](double f) { return pink_db(f) - test::db(test::target_oracle(bands, f)); });
  const MatchCurve curve = match_curve(track, aim_of({drawn(pink_db)}), all());
  const double level = at(curve, 3000) - test::db(test::target_oracle(bands, 3000));
  // Smoothing over a sixth of an octave rounds the bands' bends.
  for (const double f : {30.0, 60.0, 120.0, 400.0, 900.0, 2000.0, 6000.0, 15000.0})
    EXPECT_NEAR(at(curve, f) - level, test::db(test::target_oracle(bands, f)), 0.15) << f;
  EXPECT_LT(curve.deviation_after_db, 0.1);
  EXPECT_GT(curve.deviation_before_db, 2);
}

TEST(MatchCurveTest, ABandThatNoFileOfAFolderHasIsNoSilence) {
  // One file ends at 500 Hz, the other begins at 3 kHz.
  const LongTermSpectrum low = drawn([](double f) { return f < 500 ? pink_db(f) : -300; });
  const LongTermSpectrum high = drawn([](double f) { return f > 3000 ? pink_db(f) : -300; });
  const MatchCurve curve = match_curve(drawn(pink_db), aim_of({low, high}), all());
  ASSERT_FALSE(curve.db.empty());
  // Between the two the curve goes from the one's level to the other's.
  const double left = at(curve, 400), right = at(curve, 4000);
  for (const double f : {700.0, 1000.0, 1500.0, 2200.0}) {
    EXPECT_GT(at(curve, f), std::min(left, right) - 1) << f;
    EXPECT_LT(at(curve, f), std::max(left, right) + 1) << f;
  }
}

TEST(MatchCurveTest, LeavesTheLoudnessAsItWas) {
  const auto dull = [](double f) { return -40 - 25 * std::log10(f); };
  for (const double strength : {0.3, 0.7, 1.0}) {
    const LongTermSpectrum track = drawn(dull);
    const MatchCurve curve = match_curve(track, aim_of({drawn(pink_db)}), {strength, 6, false});
    LongTermSpectrum made = track;
    for (std::size_t k = 0; k < made.power.size(); ++k)
      made.power[k] *= db_to_power(at(curve, static_cast<double>(k) * made.bin_hz));
    // Power is counted by points of the grid.
    EXPECT_NEAR(power_to_db(k_weighted_power(made) / k_weighted_power(track)), 0, 0.05) << strength;
  }
}

TEST(MatchCurveTest, StrengthIsThePartOfTheDifference) {
  const LongTermSpectrum track = drawn([](double f) { return pink_db(f) + 3 * std::sin(2 * std::log2(f)); });
  const ToneAim aim = aim_of({drawn(pink_db)});
  const MatchCurve whole = match_curve(track, aim, all()), part = match_curve(track, aim, {0.4, 24, false});
  const double level = at(part, 1000) - 0.4 * at(whole, 1000);
  for (const double f : {50.0, 200.0, 700.0, 5000.0}) EXPECT_NEAR(at(part, f) - level, 0.4 * at(whole, f), 0.02) << f;
  EXPECT_TRUE(match_curve(track, aim, {0, 24, false}).db.empty());
  EXPECT_TRUE(match_curve(track, aim, {1, 0, false}).db.empty());
}

TEST(MatchCurveTest, KeepsToItsLimits) {
  const LongTermSpectrum track = drawn([](double f) { return pink_db(f) + (f > 300 && f < 2000 ? 30 : 0); });
  for (const double max_db : {1.0, 6.0, 24.0}) {
    const MatchCurve curve = match_curve(track, aim_of({drawn(pink_db)}), all(max_db));
    double steepest = 0;
    for (std::size_t i = 1; i < curve.db.size(); ++i) {
      EXPECT_LE(std::abs(curve.db[i]), max_db + 1e-9);
      steepest = std::max(steepest, std::abs(curve.db[i] - curve.db[i - 1]) * kBalancePerOctave);
    }
    EXPECT_LE(steepest, 24 + 1e-6);
    // The loud middle holds the loudness, so it is the rest that is raised.
    EXPECT_NEAR(curve.largest_boost_db, max_db, 0.05 * max_db);
  }
}

TEST(MatchCurveTest, RaisesNothingWhereOneOfThemHasNothing) {
  // The track ends at 15 kHz, as lossy coding leaves it; the reference is brighter up to its own end.
  const LongTermSpectrum coded = drawn([](double f) { return f < 15000 ? pink_db(f) : -160; });
  const ToneAim bright = aim_of({drawn([](double f) { return pink_db(f) + 4 * std::log2(f / 1000); })});
  const MatchCurve raised = match_curve(coded, bright, all());
  EXPECT_LT(raised.to_hz, 15000);
  EXPECT_GT(at(raised, 12000), 3);
  EXPECT_LE(at(raised, 21000), 0.1);
  // The other way round: the reference ends, and what the track has above goes on as it was at the end.
  const MatchCurve cut =
      match_curve(drawn([](double f) { return pink_db(f) + 4 * std::log2(f / 1000); }), aim_of({coded}), all());
  EXPECT_LT(at(cut, 12000), -3);
  EXPECT_NEAR(at(cut, 20000), at(cut, cut.to_hz), 0.3);
}

TEST(MatchCurveTest, WithoutCommonEnergyNothingIsDone) {
  const LongTermSpectrum tone = match_eq_spectrum_of(FloatTrack({test::sine(60, 0.5, kMatchEqRate, kMatchFrames)}));
  const MatchCurve curve = match_curve(tone, aim_of({drawn([](double f) { return f < 1000 ? -170 : -60; })}), all());
  EXPECT_TRUE(curve.db.empty());
  EXPECT_EQ(curve.why_not, "there is no octave in which both have energy");
  EXPECT_EQ(match_curve({}, aim_of({tone}), all()).why_not, "the track has no loud parts");
  EXPECT_TRUE(aim_of({LongTermSpectrum{}}).whole.is_empty());
}

TEST(MatchCurveTest, AReferenceOfAnotherRateIsComparedInHertz) {
  const LongTermSpectrum track = drawn(pink_db);
  EXPECT_TRUE(match_curve(track, aim_of({drawn(pink_db)}), all()).db.empty());
  for (const double rate : {22050.0, 32000.0, 48000.0}) {
    const MatchCurve curve = match_curve(track, aim_of({drawn(pink_db, rate)}), all());
    EXPECT_LE(curve.to_hz, rate / 2);
    // Bins of another width smooth the deepest octaves otherwise.
    for (const double gain : curve.db) EXPECT_NEAR(gain, 0, 0.35) << rate;
  }
}

TEST(MatchCurveTest, AnAlbumIsTheAverageOfItsTracksAtEqualLoudness) {
  const auto bright = [](double f) { return pink_db(f) + (f > 1000 ? 6 : 0); };
  LongTermSpectrum loud = drawn(pink_db);
  for (double& p : loud.power) p *= 1000;
  const ToneAim album = aim_of({loud, drawn(bright), LongTermSpectrum{}});
  const double plain = k_weighted_power(drawn(pink_db)), other = k_weighted_power(drawn(bright));
  const double low = 1 / plain + 1 / other, high = 1 / plain + db_to_power(6) / other;
  EXPECT_NEAR(balance_at(album.whole.db, 8000) - balance_at(album.whole.db, 200),
              pink_db(8000) - pink_db(200) + power_to_db(high / low), 0.05);
}

LongTermSpectrum with_side(LongTermSpectrum spectrum, double side_db) {
  spectrum.side = spectrum.power;
  for (double& p : spectrum.side) p *= db_to_power(side_db);
  for (std::size_t k = 0; k < spectrum.power.size(); ++k) spectrum.power[k] += spectrum.side[k];
  return spectrum;
}

TEST(MatchCurveTest, WidthIsTheSidesLevelBesideTheMids) {
  const LongTermSpectrum narrow = with_side(drawn(pink_db), -16), wide = with_side(drawn(pink_db), -12);
  const MatchCurve curve = match_curve(narrow, aim_of({wide}), {1, 12, true});
  for (const double f : {100.0, 1000.0, 8000.0}) EXPECT_NEAR(balance_at(curve.side_db, f) - at(curve, f), 4, 0.05) << f;
  EXPECT_TRUE(design_match(curve, kMatchEqRate)->needs_stereo());
  EXPECT_LE(match_curve(narrow, aim_of({wide}), {1, 2, true}).largest_boost_db, 2 + 1e-9);
  EXPECT_TRUE(match_curve(narrow, aim_of({wide}), {1, 12, false}).side_db.empty());
  EXPECT_TRUE(match_curve(narrow, aim_of({drawn(pink_db)}), {1, 12, true}).side_db.empty());
  EXPECT_TRUE(match_curve(drawn(pink_db), aim_of({wide}), {1, 12, true}).side_db.empty());
}

TEST(MatchCurveTest, SettingsNameTheFieldThatIsOutOfRange) {
  EXPECT_THROW((MatchEqSettings{1.1, 6, false}.check()), std::invalid_argument);
  EXPECT_THROW((MatchEqSettings{0.5, 25, false}.check()), std::invalid_argument);
  EXPECT_THROW((MatchEqSettings{NAN, 6, false}.check()), std::invalid_argument);
  EXPECT_NO_THROW((MatchEqSettings{}.check()));
}

// The filter is the curve, and what comes out has the aim's spectrum.
TEST(MatchEqTest, TheOutputHasTheSpectrumAimedAt) {
  test::Random random = test::seeded(53);
  const FloatTrack dull(
      {test::programme(random, kMatchEqRate, kMatchFrames), test::programme(random, kMatchEqRate, kMatchFrames)});
  const LongTermSpectrum track = match_eq_spectrum_of(dull);
  const ToneAim aim = target_aim("pink");
  const MatchCurve curve = match_curve(track, aim, all(18));
  const auto design = design_match(curve, kMatchEqRate);
  ASSERT_NE(design, nullptr);
  EXPECT_LE(design->worst_db(), 0.25);  // at 20 Hz, of a curve as steep as it may be
  const auto stage = cpu::make_linear_phase_eq(design, 2);
  const LongTermSpectrum made = match_eq_spectrum_of(test::run_stage(*stage, dull));
  double squares = 0;
  int count = 0;
  for (double f = 1000 * std::exp2(-13 / 3.0); f < 16000; f *= std::exp2(1 / 3.0)) {
    const double moved = power_to_db(test::third_octave_power(made.power, made.bin_hz, f) /
                                     test::third_octave_power(track.power, track.bin_hz, f));
    squares += (moved - at(curve, f)) * (moved - at(curve, f));
    ++count;
  }
  EXPECT_LT(std::sqrt(squares / count), 0.5);                                          // the curve bends within a band
  EXPECT_NEAR(power_to_db(k_weighted_power(made) / k_weighted_power(track)), 0, 0.3);  // other parts may pass the gate
  EXPECT_LT(match_curve(made, aim, all(18)).deviation_before_db, curve.deviation_after_db + 0.3);
}

TEST(TargetCurvesTest, EveryTargetIsARangeOfTheMusic) {
  std::set<std::string> names;
  for (const std::string& name : target_names()) {
    EXPECT_TRUE(names.insert(name).second) << name;
    const ToneAim aim = target_aim(name);
    EXPECT_LT(balance_hz(aim.whole.first), 65) << name;
    EXPECT_GT(balance_hz(aim.whole.last), 15000) << name;
    EXPECT_NEAR(balance_at(aim.whole.db, 1000), 0, 1e-9) << name;
    // No real spectrum leaps by more than 12 dB in a third of an octave.
    for (int i = aim.whole.first; i < aim.whole.last; ++i) {
      const auto p = static_cast<std::size_t>(i);
      EXPECT_LE(std::abs(aim.whole.db[p + 1] - aim.whole.db[p]), 1.5) << name << balance_hz(i);
    }
  }
  EXPECT_GE(names.size(), 5u);
  EXPECT_THROW(target_aim("Pink"), std::invalid_argument);
}

TEST(TargetCurvesTest, PinkIsEqualPowerInEveryOctave) {
  const ToneAim aim = target_aim("pink");
  for (double f = 31.5; f <= 8000; f *= 2)
    EXPECT_NEAR(balance_at(aim.whole.db, f) - balance_at(aim.whole.db, 2 * f), 3.01, 0.12) << f;  // figures of 0.1 dB
}

}  // namespace
}  // namespace lathe
