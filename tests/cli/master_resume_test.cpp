// Interrupted and repeated runs, and masters and inputs that changed in between.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <chrono>
#include <csignal>

#include "tests/cli/batch_of_six.h"

namespace lathe::test {
namespace {

class MasterResume : public BatchOfSix {};

TEST_F(MasterResume, InterruptedTheRunSaysSoAndTheNextOneCompletes) {
  // More tracks than can be done between the third master and the signal.
  for (int i = 0; i < 24; ++i)
    fs::copy(work_.in() / "disc1/t1.wav", work_.in() / ("copy" + std::to_string(i) + ".wav"));
  take_reference();
  RunningProgram program(work_.master_call({"--json", "--jobs", "1"}));
  while (count_masters(work_.out()) < 3 && !program.ends_within(1)) continue;
  program.send(SIGINT);
  const ProgramResult interrupted = program.wait();
  EXPECT_EQ(interrupted.exit_code, 6) << interrupted.err;
  EXPECT_NE(interrupted.err.find("interrupted"), std::string::npos);
  EXPECT_NE(interrupted.err.find("same command"), std::string::npos);
  // The report lists what has ended, by the states it knows, and counts what has not.
  const nlohmann::json report = interrupted.json();
  for (const auto& [name, state] : states_of(report)) EXPECT_EQ(state, "DONE") << name;
  const auto& summary = report.at("summary");
  EXPECT_GE(report.at("tracks").size(), 3u);
  EXPECT_EQ(summary.at("tracks"), report.at("tracks").size());
  EXPECT_EQ(summary.at("done"), report.at("tracks").size());
  EXPECT_EQ(summary.at("failed"), 0);
  EXPECT_GT(summary.at("left"), 0);
  EXPECT_EQ(summary.at("tracks").get<int>() + summary.at("left").get<int>(), kTracks + 24);
  EXPECT_NE(interrupted.err.find(std::to_string(summary.at("left").get<int>()) + " left"), std::string::npos)
      << interrupted.err;
  expect_nothing_staged(work_.out());
  const ProgramResult second = work_.master({"--json", "--jobs", "1"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_GT(count_states(second.json())["UNCHANGED"], 0);
  EXPECT_EQ(second.json().at("summary").at("left"), 0);
  expect_like_undisturbed();
}

TEST_F(MasterResume, RepeatedNothingIsDoneAgain) {
  take_reference();
  nlohmann::json first = work_.master({"--json"}).json();
  nlohmann::json second;
  {
    const Untouched masters(work_.out());
    const ProgramResult run = work_.master({"--json"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    second = run.json();
  }
  EXPECT_EQ(count_states(second), (std::map<std::string, int>{{"UNCHANGED", kTracks}}));
  // An unchanged track reports all that a mastered one does, but for what it took.
  for (auto& track : first.at("tracks")) track.erase("busy");
  for (auto& track : second.at("tracks")) track["state"] = "DONE";
  EXPECT_EQ(second.at("tracks"), first.at("tracks"));
  EXPECT_EQ(count_states(work_.master({"--json", "--no-cache"}).json()),
            (std::map<std::string, int>{{"DONE", kTracks}}));
  expect_like_undisturbed();
}

TEST_F(MasterResume, ADeletedMasterIsMadeAgain) {
  take_reference();
  ASSERT_EQ(work_.master().exit_code, 0);
  fs::remove(work_.out() / "disc0/t0.wav");
  std::map<std::string, int> counts = count_states(work_.master({"--json"}).json());
  EXPECT_EQ(counts["DONE"], 1);
  expect_like_undisturbed();
}

TEST_F(MasterResume, AnAlteredMasterIsNotOverwrittenInSilence) {
  ASSERT_EQ(work_.master().exit_code, 0);
  const fs::path altered = work_.out() / "disc0/t0.wav";
  std::string bytes = slurp(altered);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  spill(altered, bytes);
  fs::last_write_time(altered, fs::last_write_time(altered) + std::chrono::seconds(5));
  const ProgramResult run = work_.master({"--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(track_named(run.json(), "t0.wav").at("state"), "FAILED");
  EXPECT_TRUE(slurp(altered) == bytes);
  EXPECT_EQ(count_states(run.json())["UNCHANGED"], kTracks - 1);
}

TEST_F(MasterResume, AChangedInputIsMasteredAnewOverItsOldMaster) {
  ASSERT_EQ(work_.master().exit_code, 0);
  const std::string old = slurp(work_.out() / "disc0/t0.wav");
  Random random = seeded(91);
  write_sound(work_.in() / "disc0/t0.wav", wandering(random, 44100, 2, 2, 0.4), kWav16);
  const ProgramResult run = work_.master({"--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(track_named(run.json(), "t0.wav").at("state"), "DONE");
  EXPECT_EQ(count_states(run.json())["UNCHANGED"], kTracks - 1);
  EXPECT_FALSE(slurp(work_.out() / "disc0/t0.wav") == old);
}

TEST_F(MasterResume, AChangedRecipeReplacesTheOldMasters) {
  ASSERT_EQ(work_.master().exit_code, 0);
  const ProgramResult run = work_.master({"--json", "--set", "loudness.target_lufs=-18"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(count_states(run.json()), (std::map<std::string, int>{{"DONE", kTracks}}));
  const nlohmann::json tracks = run.json().at("tracks");
  for (const auto& track : tracks) EXPECT_NEAR(track.at("reached").at("integrated_lufs").get<double>(), -18, 0.05);
  EXPECT_EQ(count_states(work_.master({"--json", "--set", "loudness.target_lufs=-18"}).json()),
            (std::map<std::string, int>{{"UNCHANGED", kTracks}}));
}

TEST_F(MasterResume, ATouchedInputOfTheSameContentIsUnchanged) {
  ASSERT_EQ(work_.master().exit_code, 0);
  const fs::path input = work_.in() / "disc0/t0.wav";
  fs::last_write_time(input, fs::last_write_time(input) + std::chrono::hours(1));
  EXPECT_EQ(count_states(work_.master({"--json"}).json()), (std::map<std::string, int>{{"UNCHANGED", kTracks}}));
}

TEST_F(MasterResume, WithTheStateLostIdenticalMastersStayAsTheyAre) {
  take_reference();
  ASSERT_EQ(work_.master().exit_code, 0);
  fs::remove_all(work_.state());
  std::map<std::string, fs::file_time_type> times;
  for (const auto& [name, bytes] : masters_of(work_.out())) times[name] = fs::last_write_time(work_.out() / name);
  const ProgramResult run = work_.master({"--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  for (const auto& [name, time] : times)
    EXPECT_EQ(fs::last_write_time(work_.out() / name), time) << name << " was written again";
  expect_like_undisturbed();
  EXPECT_EQ(count_states(work_.master({"--json"}).json()), (std::map<std::string, int>{{"UNCHANGED", kTracks}}));
}

}  // namespace
}  // namespace lathe::test
