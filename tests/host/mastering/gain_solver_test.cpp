// The solver's promises: the target through the limiter, the ceiling kept, and what happens when both cannot be had.
#include "host/mastering/gain_solver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "tests/host/mastering/prepared_track.h"
#include "tests/support/comparison.h"

namespace lathe::test {
namespace {

constexpr double kRate = 44100;
constexpr double kReachedLu = 0.05;
constexpr double kPeakDb = 0.02;

GainGoal goal_of(double target_lufs, OnConflict on_conflict = OnConflict::stop_at_limit,
                 std::optional<double> most_db = {}) {
  return {target_lufs, 0, on_conflict, LimitGoal{-1, 0, most_db}};
}

// What track_master does: solve, measure, correct until it is close.
const GainPlan& solved(GainSolver& solver, const PreparedTrack& track, double target_lufs) {
  solver.solve();
  for (int round = 0; round < 3 && solver.plan().stopped_by == StoppedBy::nothing; ++round) {
    const double reached = track.loudness_of(track.limited(solver.plan().gain, solver.curve()));
    if (std::abs(reached - target_lufs) <= 0.01) break;
    solver.correct(reached);
  }
  return solver.plan();
}

TEST(GainSolver, ReachesItsTargetUnderTheCeilingWhateverTheDrive) {
  Random random = seeded(10);
  PreparedTrack track(beating_tones(random, 2, 3 * 44100, 0.8), kRate);
  const double loudness = track.loudness_of(track.limited(1, nullptr));
  for (const double up_db : {-6.0, 0.0, 1.5, 3.0, 5.0, 8.0}) {
    SCOPED_TRACE(up_db);
    const GainGoal goal = goal_of(loudness + up_db);
    GainSolver solver(track.store(), track.before(), goal);
    const GainPlan& plan = solved(solver, track, loudness + up_db);
    EXPECT_EQ(plan.stopped_by, StoppedBy::nothing);
    const FloatTrack out = track.limited(plan.gain, solver.curve());
    EXPECT_NEAR(track.loudness_of(out), loudness + up_db, kReachedLu);
    EXPECT_LE(true_peak_of(out), -1 + kPeakDb);
    EXPECT_GE(plan.limited_share, 0);
    EXPECT_LE(plan.limited_share, 1);
  }
}

// The curve has a knot more than there are groups: the end of the last one is no time of the track.
TEST(GainSolver, ATrackLimitedFromEndToEndHasALimitedShareOfOne) {
  PreparedTrack track(FloatTrack({sine(997, 0.9, kRate, 44096)}), kRate);
  const GainGoal goal = goal_of(track.loudness_of(track.limited(1, nullptr)) + 6, OnConflict::stop_at_limit, 4);
  GainSolver solver(track.store(), track.before(), goal);
  EXPECT_EQ(solver.solve().limited_share, 1);
}

TEST(GainSolver, TheFirstAnswerIsCloseWithoutAnyMeasurement) {
  Random random = seeded(11);
  PreparedTrack track(beating_tones(random, 1, 4 * 44100, 0.9), kRate);
  const GainGoal goal = goal_of(track.loudness_of(track.limited(1, nullptr)) + 4);
  GainSolver solver(track.store(), track.before(), goal);
  const GainPlan& plan = solver.solve();
  EXPECT_NEAR(plan.expected_lufs, *goal.target_lufs, 0.05);
  EXPECT_NEAR(track.loudness_of(track.limited(plan.gain, solver.curve())), *goal.target_lufs, 0.15);
}

TEST(GainSolver, StopsAtTheMostReductionAndSaysSo) {
  Random random = seeded(12);
  PreparedTrack track(beating_tones(random, 2, 2 * 44100, 0.9), kRate);
  const double target = track.loudness_of(track.limited(1, nullptr)) + 9;
  const GainGoal goal = goal_of(target, OnConflict::stop_at_limit, 3);
  GainSolver solver(track.store(), track.before(), goal);
  const GainPlan& plan = solver.solve();
  EXPECT_EQ(plan.stopped_by, StoppedBy::max_gain_reduction);
  EXPECT_NEAR(plan.max_gain_reduction_db, 3, 0.3);
  const FloatTrack out = track.limited(plan.gain, solver.curve());
  EXPECT_LT(track.loudness_of(out), target - kReachedLu);
  EXPECT_NEAR(track.loudness_of(out), plan.expected_lufs, 0.15);
  EXPECT_LE(true_peak_of(out), -1 + kPeakDb);
  EXPECT_NE(reason_text(goal, plan.stopped_by, plan.expected_lufs).find("3.0 dB"), std::string::npos);
}

// Trimming raises the peaks of groups whose overs only the 16x check sees: there the limiter takes more than it was
// planned to.
TEST(GainSolver, TheMostReductionHoldsAfterTrimmingToo) {
  Random random = seeded(17);
  int stopped = 0;
  for (int round = 0; round < 24; ++round) {
    SCOPED_TRACE(round);
    const int channels = 1 + round % 2;
    PreparedTrack track(beating_tones(random, channels, 44100, round % 6 == 5 ? 2.5 : 0.9), kRate);
    const double most_db = round % 4 == 3 ? 1.5 : 6;
    const double loudness = track.loudness_of(track.limited(1, nullptr));
    GainGoal goal = goal_of(loudness + 3 + round % 5 * 2, OnConflict::stop_at_limit, most_db);
    if (round % 6 == 5) goal.target_lufs.reset();
    GainSolver solver(track.store(), track.before(), goal);
    const GainPlan& plan = solver.solve();
    EXPECT_LE(plan.max_gain_reduction_db, most_db + 0.05);
    const std::span<const float> reduction = solver.curve()->reduction();
    EXPECT_LE(-db(1.0 - *std::max_element(reduction.begin(), reduction.end())), most_db + 0.05);
    const FloatTrack out = track.limited(plan.gain, solver.curve());
    EXPECT_LE(true_peak_of(out), -1 + kPeakDb);
    if (!goal.target_lufs) continue;
    const double reached = track.loudness_of(out);
    EXPECT_NEAR(reached, plan.expected_lufs, 0.15);
    // Not a hair more was given up than the limit asks for.
    if (plan.stopped_by == StoppedBy::nothing) continue;
    ++stopped;
    EXPECT_EQ(plan.stopped_by, StoppedBy::max_gain_reduction);
    EXPECT_GE(plan.max_gain_reduction_db, most_db - 0.1);
    EXPECT_LT(reached, *goal.target_lufs);
  }
  EXPECT_GT(stopped, 5);
}

TEST(GainSolver, FailsWhereTheGoalSaysFail) {
  Random random = seeded(12);
  PreparedTrack track(beating_tones(random, 2, 44100, 0.9), kRate);
  const GainGoal goal = goal_of(track.loudness_of(track.limited(1, nullptr)) + 9, OnConflict::fail, 3);
  GainSolver solver(track.store(), track.before(), goal);
  EXPECT_THROW(solver.solve(), TargetOutOfReach);
}

TEST(GainSolver, ExceedsTheMostReductionWhereTheGoalSaysExceed) {
  Random random = seeded(13);
  PreparedTrack track(beating_tones(random, 2, 2 * 44100, 0.9), kRate);
  const double target = track.loudness_of(track.limited(1, nullptr)) + 6;
  const GainGoal goal = goal_of(target, OnConflict::exceed_limit, 1);
  GainSolver solver(track.store(), track.before(), goal);
  const GainPlan& plan = solved(solver, track, target);
  const FloatTrack out = track.limited(plan.gain, solver.curve());
  EXPECT_NEAR(track.loudness_of(out), target, kReachedLu);
  EXPECT_GT(plan.max_gain_reduction_db, 1);
  EXPECT_LE(true_peak_of(out), -1 + kPeakDb);
}

TEST(GainSolver, ATargetBeyondAnyDriveStopsAtTheCeiling) {
  Random random = seeded(14);
  PreparedTrack track(beating_tones(random, 1, 44100, 0.9), kRate);
  const GainGoal goal = goal_of(0);
  GainSolver solver(track.store(), track.before(), goal);
  const GainPlan& plan = solver.solve();
  EXPECT_EQ(plan.stopped_by, StoppedBy::ceiling);
  EXPECT_LE(true_peak_of(track.limited(plan.gain, solver.curve())), -1 + kPeakDb);
}

TEST(GainSolver, WithoutALimiterTheGainEndsWhereTheTruePeakWouldPassZero) {
  Random random = seeded(15);
  PreparedTrack track(beating_tones(random, 2, 44100, 0.5), kRate);
  const double loudness = track.loudness_of(track.limited(1, nullptr));
  const double room_db = -true_peak_of(track.limited(1, nullptr));
  GainGoal goal{loudness + room_db + 3, 0, OnConflict::stop_at_limit, std::nullopt};
  {
    GainSolver solver(track.store(), track.before(false), goal);
    const GainPlan& plan = solver.solve();
    EXPECT_EQ(plan.stopped_by, StoppedBy::missing_limiter);
    EXPECT_EQ(solver.curve(), nullptr);
    EXPECT_NEAR(db(plan.gain), room_db, 0.05);
  }
  goal.on_conflict = OnConflict::fail;
  EXPECT_THROW(GainSolver(track.store(), track.before(false), goal).solve(), TargetOutOfReach);
  goal.on_conflict = OnConflict::exceed_limit;
  EXPECT_NEAR(db(GainSolver(track.store(), track.before(false), goal).solve().gain), room_db + 3, 1e-6);
  goal.on_conflict = OnConflict::fail;
  goal.target_lufs = loudness + room_db - 1;
  EXPECT_NEAR(db(GainSolver(track.store(), track.before(false), goal).solve().gain), room_db - 1, 1e-3);
}

TEST(GainSolver, WithoutATargetOnlyTheCeilingActs) {
  Random random = seeded(16);
  PreparedTrack loud(beating_tones(random, 1, 44100, 1.4), kRate), quiet(beating_tones(random, 1, 44100, 0.5), kRate);
  const GainGoal goal{std::nullopt, 0, OnConflict::stop_at_limit, LimitGoal{-1, 0, {}}};
  GainSolver limiting(loud.store(), loud.before(), goal);
  EXPECT_EQ(limiting.solve().gain, 1);
  EXPECT_LE(true_peak_of(loud.limited(1, limiting.curve())), -1 + kPeakDb);
  GainSolver resting(quiet.store(), quiet.before(), goal);
  EXPECT_EQ(resting.solve().gain, 1);
  EXPECT_TRUE(resting.curve()->spans().empty());
}

TEST(GainSolver, SilenceAndWhatIsTooShortKeepTheirLevel) {
  for (const std::int64_t frames : {44100, 1000, 8, 1}) {
    PreparedTrack track(
        FloatTrack(std::vector<Signal>{Signal(static_cast<std::size_t>(frames), frames < 44100 ? 0.25 : 0.0)}), kRate);
    const GainGoal goal = goal_of(-14);
    GainSolver solver(track.store(), track.before(), goal);
    const GainPlan& plan = solver.solve();
    EXPECT_EQ(plan.gain, 1) << frames;
    EXPECT_EQ(plan.stopped_by, StoppedBy::nothing);
    EXPECT_TRUE(std::isinf(plan.expected_lufs));
  }
}

}  // namespace
}  // namespace lathe::test
