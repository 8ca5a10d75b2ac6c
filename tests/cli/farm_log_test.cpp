// What happens on a farm can be seen: the log of each attempt, the stage a track is in, and what was busy with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <chrono>
#include <sstream>

#include "tests/cli/farm.h"
#include "tests/cli/music.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class FarmLog : public testing::Test {
 protected:
  // The job's number.
  std::string submit(const Farm& farm, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"submit", work_.in().string(), "--out", work_.out().string(), "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = farm.run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::to_string(result.json().at("job_id").get<std::int64_t>());
  }
  fs::path farm_folder() const { return work_.root() / "farm"; }

  // What was said of the job's track with this name, by attempt.
  static std::map<std::int64_t, std::vector<std::string>> lines_of(const Farm& farm, const std::string& job,
                                                                   const std::string& name) {
    std::map<std::int64_t, std::vector<std::string>> lines;
    const nlohmann::json logs = farm.run({"logs", "--job", job, "--json"}).json();
    EXPECT_EQ(logs.at("schema"), "lathe.logs.v1");
    for (const auto& track : logs.at("tracks")) {
      if (fs::path(track.at("input").get<std::string>()).filename() != name) continue;
      for (const auto& line : track.at("lines")) lines[line.at("token")].push_back(line.at("text"));
    }
    return lines;
  }

  Workspace work_;
};

TEST_F(FarmLog, AnAttemptSaysWhereItBeganWhatWasDecidedAndHowItEnded) {
  write_short_tracks(work_.in(), 3, 1.0);
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  const std::string job = submit(farm);
  farm.wait_for_end(job);
  const auto attempts = lines_of(farm, job, "t00001.wav");
  ASSERT_EQ(attempts.size(), 1u);
  const std::vector<std::string>& lines = attempts.begin()->second;
  ASSERT_GE(lines.size(), 2u);
  EXPECT_THAT(lines.front(),
              MatchesRegex("began on w0 on .+, lathe .+, cpu/.+: WAV 16-bit, 16000 Hz, 1 channel, 1.0 s"));
  EXPECT_THAT(lines.back(), MatchesRegex("mastered in .+ s; of a processor: decode .+, kernels .+, limiter .+, "
                                         "encode .+, io .+ s"));
  // Again: nothing is done, and that is said.
  const std::string again = submit(farm);
  farm.wait_for_end(again);
  EXPECT_THAT(lines_of(farm, again, "t00001.wav").at(1).back(), HasSubstr("unchanged"));
  // One track, for people.
  const ProgramResult shown = farm.run({"logs", "1"});
  EXPECT_THAT(shown.out, HasSubstr("-- attempt 1\n"));
  EXPECT_THAT(shown.out, HasSubstr("began on w0"));
  EXPECT_EQ(farm.run({"logs"}).exit_code, 2);
  EXPECT_EQ(farm.run({"logs", "1", "--job", "1"}).exit_code, 2);
  farm.drain_worker(0);
  farm.expect_sound();
}

TEST_F(FarmLog, AnExecutorThatDiesIsToldOfByItsSupervisor) {
  write_short_tracks(work_.in(), 4, 1.0);
  FarmSetting setting;
  setting.workers = 1;
  setting.worker_environment["LATHE_FAILPOINTS"] = "executor.mastered=abort:t00002";
  Farm farm(farm_folder(), setting);
  const std::string job = submit(farm);
  farm.wait_for_end(job);
  const auto attempts = lines_of(farm, job, "t00002.wav");
  ASSERT_EQ(attempts.size(), 2u) << "once more, alone";
  for (const auto& [token, lines] : attempts) {
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_THAT(lines[0], HasSubstr("began on w0"));
    EXPECT_THAT(lines[1], MatchesRegex("last heard of: (analysis|limiter|writing), .+ % done"));
    EXPECT_THAT(lines[2], MatchesRegex("failed after .+ s, EXECUTOR_DIED \\(CRASH\\): .*signal 6.*"));
  }
  const ProgramResult failed = farm.run({"logs", "--job", job, "--failed"});
  EXPECT_THAT(failed.out, HasSubstr("t00002.wav"));
  EXPECT_THAT(failed.out, Not(HasSubstr("t00001.wav")));
  farm.expect_sound();
}

TEST_F(FarmLog, WhatFailsSaysItsCodeAndNoNameControlsTheTerminal) {
  fs::create_directories(work_.in());
  spill(work_.in() / "bad\x1b[31m\nname.wav", "no audio at all");
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  const std::string job = submit(farm);
  farm.wait_for_end(job);
  const ProgramResult shown = farm.run({"logs", "--job", job});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("NOT_AUDIO (PERMANENT)"));
  EXPECT_THAT(shown.out, HasSubstr("bad<U+001B>[31m<U+000A>name.wav"));
  EXPECT_THAT(shown.out, Not(HasSubstr("\x1b")));
  farm.expect_sound();
}

TEST_F(FarmLog, ATrackTooLongForTheMemoryIsSaidToBeSpooled) {
  write_short_tracks(work_.in(), 1, 300.0);
  FarmSetting setting;
  setting.workers = 1;
  setting.memory = "64MiB";  // the least it takes
  Farm farm(farm_folder(), setting);
  const std::string job = submit(farm);
  farm.wait_for_end(job);
  EXPECT_THAT(lines_of(farm, job, "t00000.wav").at(1).at(1), HasSubstr("spooled to "));
}

TEST_F(FarmLog, AWatchShowsTheStageOfWhatIsInWorkLongBeforeTheLeaseNeedsAHeartbeat) {
  write_short_tracks(work_.in(), 1, 300.0);
  FarmSetting setting;
  setting.workers = 1;
  setting.lease_s = 120;  // a heartbeat each 40 s
  setting.worker_environment["LATHE_FAILPOINTS"] = "executor.mastered=stop:t00000";
  Farm farm(farm_folder(), setting);
  const std::string job = submit(farm);
  std::string stage;
  const auto started = std::chrono::steady_clock::now();
  while (stage.empty() && std::chrono::steady_clock::now() - started < std::chrono::seconds(30)) {
    const ProgramResult watched = farm.run({"watch", job, "--json", "--timeout", "1"});
    std::istringstream lines(watched.out);
    for (std::string line; std::getline(lines, line);) {
      const nlohmann::json message = nlohmann::json::parse(line);
      for (const auto& work : message.at("in_work")) {
        EXPECT_EQ(work.at("worker"), "w0");
        stage = work.at("stage");
      }
    }
    if (stage == "preparing") stage.clear();
  }
  EXPECT_THAT(stage, MatchesRegex("analysis|limiter|writing"));
  const ProgramResult shown = farm.run({"watch", job, "--timeout", "1"});
  EXPECT_THAT(shown.err, HasSubstr("w0: " + stage + ", "));
  EXPECT_THAT(shown.err, HasSubstr("t00000.wav"));
  const nlohmann::json workers = farm.run({"workers", "list", "--json"}).json();
  EXPECT_EQ(workers.at("workers").at(0).at("in_work").at(0).at("stage"), stage);
}

TEST_F(FarmLog, AnAuditSaysHowItEnded) {
  write_short_tracks(work_.in(), 1, 1.0);
  spill(work_.in() / "bad.wav", "no audio");
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  const ProgramResult submitted =
      farm.run({"submit", work_.in().string(), "--audit", "--profile", "spotify", "--json"});
  const std::string job = std::to_string(submitted.json().at("job_id").get<std::int64_t>());
  farm.wait_for_end(job);
  EXPECT_THAT(lines_of(farm, job, "t00000.wav").at(1).back(), HasSubstr("measured in "));
  EXPECT_THAT(lines_of(farm, job, "bad.wav").at(1).back(), HasSubstr("unreadable: "));
}

}  // namespace
}  // namespace lathe::test
