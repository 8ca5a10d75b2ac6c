// Issue's point 7, the inputs: a bad file gets a clear message and never stops the rest.
#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

void put_good(const fs::path& file, std::uint64_t seed = 30) {
  Random random(seed);
  write_sound(file, wandering(random, 44100, 1, 1, 0.5), kWav16);
}

class MasterBadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    put_good(work_.in() / "a_good.wav");
    put_good(work_.in() / "z_good.wav", 31);
  }

  // Masters everything: the two good files are done, `name` has failed with this code, and its message has all `words`.
  void expect_failed(const std::string& name, const std::string& code, const std::vector<std::string>& words) {
    const Untouched inputs(work_.in());
    const ProgramResult run = work_.master({"--json"});
    EXPECT_EQ(run.exit_code, 1) << run.err;
    const nlohmann::json report = run.json();
    EXPECT_EQ(states_of(report).at("a_good.wav"), "DONE");
    EXPECT_EQ(states_of(report).at("z_good.wav"), "DONE");
    EXPECT_EQ(report.at("summary").at("failed"), 1);
    const nlohmann::json track = track_named(report, name);
    EXPECT_EQ(track.at("state"), "FAILED");
    EXPECT_EQ(track.at("reason_code"), code);
    for (const std::string& word : words) {
      EXPECT_NE(track.at("reason").get<std::string>().find(word), std::string::npos)
          << track.at("reason") << " lacks: " << word;
      EXPECT_NE(run.err.find(word), std::string::npos) << run.err << " lacks: " << word;
    }
    EXPECT_EQ(masters_of(work_.out()).size(), 2u);
    expect_nothing_staged(work_.out());
  }

  Workspace work_;
};

TEST_F(MasterBadInput, TextNamedWavIsNotAudio) {
  spill(work_.in() / "m.wav", "Dear sir or madam,\nplease find the tracks attached.\n");
  expect_failed("m.wav", "NOT_AUDIO", {"m.wav", "not"});
}

TEST_F(MasterBadInput, AnEmptyFileIsNotAudio) {
  spill(work_.in() / "m.wav", "");
  expect_failed("m.wav", "NOT_AUDIO", {"m.wav"});
}

TEST_F(MasterBadInput, AFlacCutInHalfIsTruncated) {
  Random random = seeded(32);
  const fs::path file = work_.in() / "m.flac";
  write_sound(file, wandering(random, 44100, 2, 4, 0.5), {SF_FORMAT_FLAC, SF_FORMAT_PCM_24});
  fs::resize_file(file, fs::file_size(file) / 2);
  expect_failed("m.flac", "TRUNCATED", {"m.flac", "176400"});
}

TEST_F(MasterBadInput, AWavThatHoldsLessThanItsHeaderPromisesIsTruncated) {
  put_good(work_.in() / "m.wav");
  fs::resize_file(work_.in() / "m.wav", fs::file_size(work_.in() / "m.wav") - 1000);
  expect_failed("m.wav", "TRUNCATED", {"m.wav"});
}

TEST_F(MasterBadInput, AFlacWithAFlippedByteIsCorrupt) {
  Random random = seeded(33);
  const fs::path file = work_.in() / "m.flac";
  write_sound(file, wandering(random, 44100, 2, 2, 0.5), {SF_FORMAT_FLAC, SF_FORMAT_PCM_16});
  std::string bytes = slurp(file);
  bytes[bytes.size() * 2 / 3] = static_cast<char>(bytes[bytes.size() * 2 / 3] ^ 0x10);
  spill(file, bytes);
  expect_failed("m.flac", "CORRUPT", {"m.flac"});
}

TEST_F(MasterBadInput, NonFiniteSamplesAreCountedAndTheFirstIsNamed) {
  Random random = seeded(34);
  Sound sound = wandering(random, 44100, 2, 1, 0.5);
  sound.channels[1][22050] = std::numeric_limits<double>::quiet_NaN();
  sound.channels[0][30000] = std::numeric_limits<double>::infinity();
  sound.channels[1][40000] = -std::numeric_limits<double>::infinity();
  write_sound(work_.in() / "m.wav", sound, {SF_FORMAT_WAV, SF_FORMAT_FLOAT});
  expect_failed("m.wav", "UNUSABLE_AUDIO", {"3 samples", "channel 2", "22050", "0.500 s", "scrub"});
}

TEST_F(MasterBadInput, ScrubbingWritesZerosInTheirPlace) {
  Random random = seeded(34);
  Sound sound = wandering(random, 44100, 1, 1, 0.5);
  sound.channels[0][22050] = std::numeric_limits<double>::quiet_NaN();
  write_sound(work_.in() / "m.wav", sound, {SF_FORMAT_WAV, SF_FORMAT_FLOAT});
  const ProgramResult run = work_.master({"--json", "--recipe", work_.recipe("recipe: v1\ninput: {scrub: true}\n")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Sound after = read_sound(work_.out() / "m.wav");
  EXPECT_EQ(after.channels[0][22050], 0);
  EXPECT_EQ(after.channels[0][22051], static_cast<float>(sound.channels[0][22051]));
  EXPECT_NE(track_named(run.json(), "m.wav").at("notes").dump().find("written as 0"), std::string::npos);
}

TEST_F(MasterBadInput, AFileOfNoFramesIsNamed) {
  write_sound(work_.in() / "m.wav", {44100, {{}, {}}}, kWav16);
  expect_failed("m.wav", "UNUSABLE_AUDIO", {"0 frames"});
}

TEST_F(MasterBadInput, AFolderThatCannotBeListedFailsAndTheRestIsDone) {
  ProgramCall probe;
  probe.arguments = {"--version"};
  probe.is_nobody = true;
  if (run_program(probe).exit_code != 0)
    GTEST_SKIP() << "as root no folder is unreadable, and nobody may not run the program here";
  fs::permissions(work_.state(), fs::perms(0777));
  fs::create_directories(work_.out());
  fs::permissions(work_.out(), fs::perms(0777));
  put_good(work_.in() / "closed/inside.wav");
  put_good(work_.in() / "closed_file.wav");
  fs::permissions(work_.in() / "closed", fs::perms::none);
  fs::permissions(work_.in() / "closed_file.wav", fs::perms::none);
  ProgramCall call = work_.master_call({"--json"});
  call.is_nobody = true;
  const ProgramResult run = run_program(call);
  fs::permissions(work_.in() / "closed", fs::perms(0755));
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(states_of(report),
            (std::map<std::string, std::string>{
                {"a_good.wav", "DONE"}, {"z_good.wav", "DONE"}, {"closed", "FAILED"}, {"closed_file.wav", "FAILED"}}));
  EXPECT_NE(track_named(report, "closed").at("reason").get<std::string>().find("denied"), std::string::npos);
  EXPECT_EQ(track_named(report, "closed_file.wav").at("reason_code"), "UNREADABLE");
  EXPECT_NE(run.err.find("closed"), std::string::npos);
}

TEST_F(MasterBadInput, AMissingInputFailsAndTheRestIsDone) {
  const std::string missing = (work_.root() / "nowhere.wav").string();
  const ProgramResult run = work_.master({work_.in().string(), missing, "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.err.find("nowhere.wav: no such file"), std::string::npos) << run.err;
  const nlohmann::json report = run.json();
  EXPECT_EQ(states_of(report), (std::map<std::string, std::string>{
                                   {"a_good.wav", "DONE"}, {"z_good.wav", "DONE"}, {"nowhere.wav", "FAILED"}}));
}

TEST_F(MasterBadInput, AFileThatIsWrittenToWhileItIsReadIsNoMaster) {
  const fs::path growing = work_.in() / "growing.wav";
  Random random(33);
  write_sound(growing, wandering(random, 44100, 2, 60, 0.5), kWav16);
  RunningProgram program(work_.master_call({"--json"}));
  for (auto time = fs::last_write_time(growing); !program.ends_within(1);)
    fs::last_write_time(growing, time += std::chrono::milliseconds(1));
  const ProgramResult run = program.wait();
  EXPECT_EQ(run.exit_code, 1);
  const nlohmann::json report = run.json();
  EXPECT_EQ(track_named(report, "growing.wav").at("reason_code"), "INPUT_CHANGED");
  EXPECT_EQ(track_named(report, "a_good.wav").at("state"), "DONE");
  EXPECT_FALSE(fs::exists(work_.out() / "growing.wav"));
  EXPECT_EQ(work_.master({"--json"}).exit_code, 0);
}

TEST_F(MasterBadInput, WhenNothingCanBeReadTheExitCodeIsThree) {
  const Workspace work;
  EXPECT_EQ(work.master({(work.root() / "nowhere").string()}).exit_code, 3);
  const ProgramResult empty = work.master();
  EXPECT_EQ(empty.exit_code, 3);
  EXPECT_NE(empty.err.find("no tracks found"), std::string::npos);
  spill(work.in() / "text.wav", "text");
  const ProgramResult run = work.master({"--json"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.json().at("summary").at("failed"), 1);
  EXPECT_FALSE(fs::exists(work.out() / "lathe-manifest.json"));
}

TEST_F(MasterBadInput, OtherKindsOfSoundArePassedOverAndCounted) {
  spill(work_.in() / "x.mp3", "ID3");
  spill(work_.in() / "y.mp3", "ID3");
  spill(work_.in() / "cover.jpg", "JFIF");
  const ProgramResult run = work_.master();
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.err.find("2 .mp3 files passed over"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace lathe::test
