// A recipe's checks of its masters, from outside: the report, the summary, and what is remembered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MasterChecks : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random(91);
    write_sound(work_.in() / "song.wav", wandering(random, 44100, 2, 3.1, 0.5), kWav24);
  }

  static nlohmann::json output_of(const nlohmann::json& report) {
    return track_named(report, "song.wav").at("outputs").at(0);
  }
  static bool has_note(const nlohmann::json& track, std::string_view text) {
    for (const auto& note : track.at("notes"))
      if (note.get<std::string>().find(text) != std::string::npos) return true;
    return false;
  }

  Workspace work_;
};

constexpr std::string_view kChecked =
    "recipe: v1\nchain: [{limit: {ceiling_dbtp: -1}}]\nloudness: {target_lufs: -10}\n"
    "outputs: [{id: hd, bits: 24, snap_588: report}]\n"
    "checks: [{profile: ebu-r128}, {codec_check: [aac-96, opus-64], on_overs: lower-ceiling}]\n";

TEST_F(MasterChecks, AreInTheReportAndTheSummaryAndFailNothing) {
  const ProgramResult run = work_.master({"--recipe", work_.recipe(kChecked), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json report = run.json(), track = track_named(report, "song.wav"), output = output_of(report);
  EXPECT_EQ(track.at("state"), "DONE");
  EXPECT_EQ(output.at("checks").at(0).at("profile"), "ebu-r128");
  EXPECT_EQ(output.at("checks").at(0).at("verdict"), "FAIL");
  EXPECT_TRUE(has_note(track, "output hd: fails ebu-r128"));
  EXPECT_EQ(output.at("codec_checks").at(0).at("codec"), "aac-96");
  EXPECT_EQ(output.at("codec_checks").at(0).at("encoder").get<std::string>().substr(0, 7), "ffmpeg ");
  for (const auto& check : output.at("codec_checks")) {
    EXPECT_EQ(check.at("state"), "HOLDS") << check.dump();
    EXPECT_LE(check.at("over_db").get<double>(), 0);
    EXPECT_EQ(check.at("ceiling_dbtp"), -1);
  }
  EXPECT_LT(output.at("codec_ceiling_dbtp").get<double>(), -1);
  EXPECT_GE(output.at("codec_rounds").get<int>(), 1);
  EXPECT_EQ(output.at("asked").at("true_peak_dbtp"), -1);
  EXPECT_EQ(output.at("cd_frames").at("remainder_samples"), output.at("frames").get<int>() % 588);
  EXPECT_THAT(run.err, HasSubstr("profile ebu-r128: 1 of 1 master fails"));
  EXPECT_THAT(run.err, HasSubstr("codec aac-96: 1 of 1 master decode at or under the ceiling"));

  const ProgramResult again = work_.master({"--recipe", work_.recipe(kChecked), "--json"});
  EXPECT_EQ(track_named(again.json(), "song.wav").at("state"), "UNCHANGED");
}

TEST_F(MasterChecks, WithoutAnEncoderTheTrackIsDoneAndSaysThatNothingWasChecked) {
  ProgramCall call = work_.master_call({"--recipe", work_.recipe(kChecked), "--json"});
  call.environment["PATH"] = "/nonexistent";
  const ProgramResult run = run_program(call);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "song.wav"), output = output_of(run.json());
  EXPECT_EQ(track.at("state"), "DONE");
  for (const auto& check : output.at("codec_checks")) {
    EXPECT_EQ(check.at("state"), "UNAVAILABLE");
    EXPECT_TRUE(check.at("true_peak_dbtp").is_null());
    EXPECT_THAT(check.at("reason").get<std::string>(), HasSubstr("install"));
  }
  EXPECT_THAT(track.at("reason").get<std::string>(), HasSubstr("aac-96 was not tried"));
  // Once there are encoders, the master is another.
  const ProgramResult with = work_.master({"--recipe", work_.recipe(kChecked), "--json"});
  EXPECT_EQ(track_named(with.json(), "song.wav").at("state"), "DONE");
}

TEST_F(MasterChecks, ADryRunEncodesNothingAndSaysSo) {
  const ProgramResult run = work_.master({"--recipe", work_.recipe(kChecked), "--json", "--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = track_named(run.json(), "song.wav");
  EXPECT_FALSE(track.at("outputs").at(0).contains("codec_checks"));
  EXPECT_TRUE(has_note(track, "a dry run encodes nothing"));
}

TEST_F(MasterChecks, AProfileOfOnesOwnIsFoundBesideTheRecipeAndReadBeforeAnythingIsDone) {
  spill(work_.root() / "ours.yaml",
        "profile: v1\nname: ours\ntitle: Ours\nversion: \"1\"\ndate: \"2024\"\ndate_of: source\n"
        "status: folklore\nsource: us\n"
        "limits: {integrated: {target_lufs: -10, tolerance_lu: 1}}\n");
  const std::string recipe =
      work_.recipe("recipe: v1\nchain: [{limit: {}}]\nloudness: {target_lufs: -10}\nchecks: [{profile: ours.yaml}]\n");
  const ProgramResult run = work_.master({"--recipe", recipe, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(output_of(run.json()).at("checks").at(0).at("verdict"), "PASS") << output_of(run.json()).dump(1);
  spill(work_.root() / "ours.yaml", "profile: v1\nname: ours\nlimit: {}\n");
  const ProgramResult bad = work_.master({"--recipe", recipe, "--json"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("ours.yaml:3:1: error"));
  EXPECT_EQ(run_program({"recipe", "lint", recipe}).exit_code, 2);
  fs::remove(work_.root() / "ours.yaml");
  EXPECT_THAT(run_program({"recipe", "lint", recipe}).out, HasSubstr("there is no file 'ours.yaml' beside the recipe"));
}

TEST_F(MasterChecks, FormatsThatTheRecipeDoesNotTakeFail) {
  Random random(92);
  write_sound(work_.in() / "other.aiff", wandering(random, 44100, 2, 1, 0.3), kAiff24);
  const std::string recipe = work_.recipe("recipe: v1\ninput: {accept: [wav, flac]}\n");
  const ProgramResult run = work_.master({"--recipe", recipe, "--json"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_EQ(track_named(run.json(), "song.wav").at("state"), "DONE");
  const nlohmann::json other = track_named(run.json(), "other.aiff");
  EXPECT_EQ(other.at("state"), "FAILED");
  EXPECT_EQ(other.at("reason_code"), "UNSUPPORTED");
  EXPECT_THAT(other.at("reason").get<std::string>(), HasSubstr("the recipe takes only WAV, FLAC"));
}

TEST_F(MasterChecks, TheDoctorNamesTheEncoders) {
  const nlohmann::json lossy =
      run_program({"doctor", "--json", "--state-dir", work_.state().string()}).json().at("codecs").at("lossy");
  for (const char* key : {"decoder", "aac", "mp3", "opus", "vorbis"}) EXPECT_TRUE(lossy.at(key).is_string()) << key;
}

}  // namespace
}  // namespace lathe::test
