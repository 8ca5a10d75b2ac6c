// Outputs of their own rate, loudness, or without the limiter: judged by other programs' measurements.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/true_master.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

constexpr std::string_view kFour =
    "recipe: v1\n"
    "chain: [{eq: {bands: [{type: high-pass, freq_hz: 30}]}}, {limit: {ceiling_dbtp: -1}}]\n"
    "loudness: {target_lufs: -12}\n"
    "outputs:\n"
    "  - {id: hd, bits: 24}\n"
    "  - {id: cd, bits: 16, sample_rate: 44100}\n"
    "  - {id: vinyl, bits: 24, skip: [limit], loudness: {target_lufs: -30}}\n"
    "  - {id: up, bits: 24, sample_rate: 192000, loudness: {target_lufs: -16}}\n";

nlohmann::json output_named(const nlohmann::json& track, std::string_view id) {
  for (const auto& output : track.at("outputs")) {
    if (output.at("id") == id) return output;
  }
  ADD_FAILURE() << "no output " << id << " in " << track.dump(1);
  return {};
}

class MasterRendition : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random(77);
    write_sound(work_.in() / "song.wav", wandering(random, 96000, 2, 6.0117, 0.4), kWav24);
  }
  Workspace work_;
};

TEST_F(MasterRendition, EachOutputHasItsOwnRateLoudnessAndCeiling) {
  const ProgramResult run = work_.master({"--recipe", work_.recipe(kFour), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "song.wav");
  EXPECT_EQ(track.at("reason"), "") << track.dump(1);
  const std::int64_t frames = read_sound(work_.in() / "song.wav").frames();
  struct Wanted {
    std::string id;
    int rate_hz;
    double lufs;
    bool has_ceiling;
  };
  for (const Wanted& wanted : {Wanted{"hd", 96000, -12, true},
                               {"cd", 44100, -12, true},
                               {"vinyl", 96000, -30, false},
                               {"up", 192000, -16, true}}) {
    const nlohmann::json output = output_named(track, wanted.id);
    const Sound sound = read_sound(output.at("path").get<std::string>());
    EXPECT_EQ(sound.sample_rate_hz, wanted.rate_hz);
    EXPECT_EQ(sound.frames(), std::llround(static_cast<double>(frames) * wanted.rate_hz / 96000)) << wanted.id;
    EXPECT_EQ(output.at("frames"), sound.frames());
    EXPECT_NEAR(integrated_lufs(sound), wanted.lufs, kReachedLu) << wanted.id;
    if (wanted.has_ceiling) {
      EXPECT_LE(true_peak_dbtp(sound), kCeiling + kPeakDb) << wanted.id;
    }
    EXPECT_NEAR(output.at("asked").at("integrated_lufs").get<double>(), wanted.lufs, 1e-9);
    EXPECT_EQ(output.at("asked").at("true_peak_dbtp").is_null(), !wanted.has_ceiling);
  }
  expect_nothing_staged(work_.out());
}

// The vinyl pre-master's limit on loudness is its peaks, not a limiter: nothing of its dynamics is lost.
TEST_F(MasterRendition, AnOutputThatSkipsTheLimiterIsOnlyAGainAway) {
  const ProgramResult run = work_.master({"--recipe", work_.recipe(kFour), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "song.wav");
  const std::string eq_alone =
      work_.recipe("recipe: v1\nchain: [{eq: {bands: [{type: high-pass, freq_hz: 30}]}}]\noutputs: [{bits: 32f}]\n");
  const ProgramResult plain =
      work_.master({"--recipe", eq_alone, "--out", (work_.root() / "plain").string(), "--json"});
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  const Sound vinyl = read_sound(output_named(track, "vinyl").at("path").get<std::string>());
  const Sound before = read_sound(work_.root() / "plain/song.wav");
  double product = 0, power = 0, rest = 0;
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t n = 0; n < before.channels[c].size(); ++n) {
      product += vinyl.channels[c][n] * before.channels[c][n];
      power += before.channels[c][n] * before.channels[c][n];
    }
  }
  const double gain = product / power;
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t n = 0; n < before.channels[c].size(); ++n) {
      const double off = vinyl.channels[c][n] - gain * before.channels[c][n];
      rest += off * off;
    }
  }
  // Dither of 24 bits at -30 LUFS: about -110 dB.
  EXPECT_LT(10 * std::log10(rest / (gain * gain * power)), -100);
}

// Wherever the preview stands in the list, the track's figures are its master's.
TEST_F(MasterRendition, APreviewInTheFirstPlaceIsNotTheTrack) {
  const std::string recipe = work_.recipe(
      "recipe: v1\nchain: [{limit: {ceiling_dbtp: -1}}]\nloudness: {target_lufs: -16}\n"
      "outputs: [{id: preview, bits: 16, preview_s: 2, loudness: {target_lufs: -20}}, {id: hd, bits: 24}]\n");
  const ProgramResult run = work_.master({"--recipe", recipe, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json(), track = track_named(report, "song.wav"), hd = output_named(track, "hd");
  EXPECT_EQ(track.at("after"), hd.at("after"));
  EXPECT_EQ(track.at("asked"), hd.at("asked"));
  EXPECT_EQ(track.at("asked").at("integrated_lufs"), -16);
  EXPECT_NEAR(track.at("reached").at("integrated_lufs").get<double>(), -16, 0.05);
  EXPECT_NEAR(report.at("summary").at("audio_s").get<double>(), 6.0117, 0.001);
  EXPECT_EQ(output_named(track, "preview").at("frames"), 2 * 96000);
  for (const char* way : {"--dry-run", "--dry-run=quick"}) {
    const ProgramResult plan = work_.master({"--recipe", recipe, "--json", way});
    ASSERT_EQ(plan.exit_code, 0) << plan.err;
    const nlohmann::json planned = track_named(plan.json(), "song.wav");
    EXPECT_EQ(planned.at("asked"), track.at("asked")) << way;
    EXPECT_EQ(planned.at("expected"), output_named(planned, "hd").at("expected")) << way;
  }
}

TEST_F(MasterRendition, TheChainMayRunAtARateOfItsOwn) {
  const std::string recipe = work_.recipe(
      "recipe: v1\ninput: {sample_rate: 48000}\nchain: [{gain: {gain_db: -3}}]\noutputs: [{id: a, bits: 24}, {id: b, "
      "bits: 24, sample_rate: 96000}]\n");
  const ProgramResult run = work_.master({"--recipe", recipe, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "song.wav");
  EXPECT_EQ(output_named(track, "a").at("sample_rate_hz"), 48000);
  const Sound back = read_sound(output_named(track, "b").at("path").get<std::string>());
  const Sound in = read_sound(work_.in() / "song.wav");
  EXPECT_EQ(back.sample_rate_hz, 96000);
  // Each conversion makes the nearest whole number of frames: halved, an odd number is rounded up.
  EXPECT_EQ(back.frames(), (in.frames() + 1) / 2 * 2);
  EXPECT_NEAR(integrated_lufs(back) - integrated_lufs(in), -3, 0.1);
}

TEST_F(MasterRendition, TheSameRateAsTheFilesConvertsNothing) {
  const std::string recipe = work_.recipe("recipe: v1\ninput: {sample_rate: 96000}\noutputs: [{sample_rate: 96000}]\n");
  const ProgramResult run = work_.master({"--recipe", recipe, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(stored_samples(work_.out() / "song.wav"), stored_samples(work_.in() / "song.wav"));
}

// Restoration keeps every bit that it does not mend, whether the recipe names the rate or not.
TEST_F(MasterRendition, NamingTheFilesOwnRateDithersNothing) {
  const std::string plain = work_.recipe("recipe: v1\nchain: [{declick: {mode: always}}]\n");
  ASSERT_EQ(work_.master({"--recipe", plain}).exit_code, 0);
  const std::vector<std::int32_t> without = stored_samples(work_.out() / "song.wav");
  const ProgramResult run = work_.master({"--recipe", plain, "--set", "input.sample_rate=96000"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(stored_samples(work_.out() / "song.wav"), without);
}

TEST_F(MasterRendition, ClippingWhereNothingLimitsIsSaid) {
  const std::string recipe = work_.recipe("recipe: v1\nchain: [{gain: {gain_db: 20}}]\noutputs: [{bits: 24}]\n");
  const ProgramResult run = work_.master({"--recipe", recipe, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(track_named(run.json(), "song.wav").at("notes").dump().find("clipped"), std::string::npos);
}

TEST_F(MasterRendition, RunsOfDifferentJobsAndSpoolingGiveTheSameBytes) {
  const std::string recipe = work_.recipe(kFour);
  ASSERT_EQ(work_.master({"--recipe", recipe}).exit_code, 0);
  const Tree once = masters_of(work_.out());
  ASSERT_EQ(once.size(), 4U);
  const fs::path again = work_.root() / "again";
  const ProgramResult small =
      work_.master({"--recipe", recipe, "--out", again.string(), "--no-cache", "--memory", "64MiB"});
  ASSERT_EQ(small.exit_code, 0) << small.err;
  EXPECT_TRUE(masters_of(again) == once);
}

}  // namespace
}  // namespace lathe::test
