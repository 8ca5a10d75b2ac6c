// Stereo width, mono bass and the guard, and an equaliser of minimum phase, measured from the program's output.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>

#include "tests/cli/workspace.h"
#include "tests/support/comparison.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/stereo_oracle.h"

namespace lathe::test {
namespace {

constexpr double kWidthDb = 0.05, kEqDb = 0.05;

Sound mastered_by(const Workspace& work, const Sound& in, const std::string& stage, nlohmann::json& report) {
  write_sound(work.in() / "in.wav", in, {SF_FORMAT_WAV, SF_FORMAT_FLOAT});
  const std::string recipe = "recipe: v1\nchain:\n  - " + stage + "\noutputs:\n  - {bits: 32f, dither: none}\n";
  const ProgramResult run = work.master({"--recipe", work.recipe(recipe), "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err << recipe;
  if (run.exit_code != 0) return {};
  report = nlohmann::json::parse(run.out);
  return read_sound(work.out() / "in.wav");
}

nlohmann::json stage_of(const nlohmann::json& report, const std::string& name) {
  for (const nlohmann::json& stage : report.at("tracks").at(0).at("stages")) {
    if (stage.at("name") == name) return stage;
  }
  ADD_FAILURE() << "the report has no stage " << name;
  return nlohmann::json::object();
}

TEST(MasterStereo, WidthsByFrequencyAndMonoBassAreWhatTheRecipeAsksFor) {
  const std::int64_t centre = kRate, frames = 2 * kRate;
  const Workspace work;
  Sound in{kRate, {impulses(frames, {centre}, 0.25), impulses(frames, {centre}, 0.05)}};
  nlohmann::json report;
  const Sound out = mastered_by(work, in,
                                "stereo: {mono_below_hz: 120, bands: [{up_to_hz: 1000, width: 0.6}, {up_to_hz: 5000, "
                                "width: 1}, {width: 1.8}]}",
                                report);
  ASSERT_EQ(out.channels.size(), 2u);
  ASSERT_EQ(out.frames(), frames);
  Signal mid, side;
  for (std::size_t n = 0; n < out.channels[0].size(); ++n) {
    mid.push_back((out.channels[0][n] + out.channels[1][n]) / 2);
    side.push_back((out.channels[0][n] - out.channels[1][n]) / 2);
  }
  const auto width_db = [&](double hz) {
    const double m = std::abs(response_at(mid, hz / kRate, centre)) / 0.15,
                 s = std::abs(response_at(side, hz / kRate, centre)) / 0.1;
    EXPECT_NEAR(db(m), 0, 1e-4) << hz;
    return db(s / m);
  };
  for (double hz = 10; hz <= 80; hz += 5) EXPECT_LT(width_db(hz), -40) << hz;
  for (double hz = 201; hz < 840; hz *= 1.1) EXPECT_NEAR(width_db(hz), db(0.6), kWidthDb) << hz;
  for (double hz = 1200; hz < 4200; hz *= 1.1) EXPECT_NEAR(width_db(hz), 0, kWidthDb) << hz;
  for (double hz = 6000; hz < 20000; hz *= 1.1) EXPECT_NEAR(width_db(hz), db(1.8), kWidthDb) << hz;
}

TEST(MasterStereo, TheGuardKeepsEverySecondAndTheReportSaysWhatItTook) {
  Random random = seeded(90);
  const std::int64_t frames = 6 * kRate + 321;
  Sound in{kRate, {programme(random, kRate, frames), programme(random, kRate, frames)}};
  for (std::int64_t n = 2 * kRate; n < 3 * kRate; ++n)
    in.channels[1][static_cast<std::size_t>(n)] = -in.channels[0][static_cast<std::size_t>(n)];
  const Workspace work;
  nlohmann::json report;
  const Sound out = mastered_by(work, in, "stereo: {width: 1.3, min_correlation: 0.2, max_mono_loss_db: 1.5}", report);
  ASSERT_EQ(out.channels.size(), 2u);
  const MonoFold before = worst_second({in.channels[0], in.channels[1]}, kRate, 997),
                 after = worst_second({out.channels[0], out.channels[1]}, kRate, 997);
  EXPECT_LT(before.correlation, -0.5);
  EXPECT_GE(after.correlation, 0.2 - 1e-4);
  EXPECT_LE(after.loss_db, 1.5 + 1e-4);
  const nlohmann::json stage = stage_of(report, "stereo");
  EXPECT_LT(stage.at("worst_correlation_before").get<double>(), -0.5);
  EXPECT_GE(stage.at("worst_correlation_after").get<double>(), 0.2 - 1e-3);
  EXPECT_LE(stage.at("worst_mono_loss_after_db").get<double>(), 1.5 + 1e-2);
  EXPECT_GT(stage.at("guarded_share").get<double>(), 0.1);
  EXPECT_GT(stage.at("largest_narrowing_db").get<double>(), 3);
}

TEST(MasterStereo, OfOneChannelIsANoteAndOfThreeAFailureThatSaysWhy) {
  Random random = seeded(91);
  const Workspace work;
  write_sound(work.in() / "mono.wav", {kRate, {white_noise(random, 0.1, kRate)}}, {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  const Signal noise = white_noise(random, 0.1, kRate);
  write_sound(work.in() / "three.wav", {kRate, {noise, noise, noise}}, {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  const ProgramResult run =
      work.master({"--recipe", work.recipe("recipe: v1\nchain: [{stereo: {width: 0.5}}]\n"), "--json"});
  EXPECT_EQ(run.exit_code, 1);
  const auto report = nlohmann::json::parse(run.out);
  EXPECT_EQ(states_of(report), (std::map<std::string, std::string>{{"mono.wav", "DONE"}, {"three.wav", "FAILED"}}));
  EXPECT_EQ(read_sound(work.out() / "mono.wav").channels, read_sound(work.in() / "mono.wav").channels);
  EXPECT_NE(track_named(report, "three.wav").at("reason").get<std::string>().find("needs a stereo track"),
            std::string::npos);
}

TEST(MasterEqOfMinimumPhase, MeetsItsTargetAndNothingComesBeforeTheImpulse) {
  const std::int64_t centre = kRate / 2, frames = 3 * kRate;
  const Workspace work;
  Sound in{kRate, {impulses(frames, {centre}, 0.25), impulses(frames, {})}};
  nlohmann::json report;
  const Sound out = mastered_by(work, in,
                                "eq: {phase: minimum, bands: [{type: high-pass, freq_hz: 30, slope_db_oct: 24}, {type: "
                                "bell, freq_hz: 700, gain_db: 5, q: 3}]}",
                                report);
  ASSERT_EQ(out.channels.size(), 2u);
  for (std::int64_t n = 0; n < centre; ++n) ASSERT_LT(std::abs(out.channels[0][static_cast<std::size_t>(n)]), 1e-6);
  const std::vector<EqBand> bands = {{BandType::high_pass, 30, 0, 0.7, 24}, {BandType::bell, 700, 5, 3}};
  for (double hz = 20; hz < 20000; hz *= 1.15) {
    const double got = std::abs(response_at(out.channels[0], hz / kRate, centre)) / 0.25;
    EXPECT_NEAR(db(got), db(target_oracle(bands, hz)), kEqDb) << hz;
  }
  EXPECT_EQ(stage_of(report, "eq").at("latency_frames"), 0);
}

}  // namespace
}  // namespace lathe::test
