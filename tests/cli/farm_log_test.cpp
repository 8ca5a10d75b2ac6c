// What happens on a farm can be seen: the log of each attempt, the stage a track is in, and what was busy with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
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

constexpr std::array kKindsOfWork{"decode", "kernels", "limiter", "encode", "io"};

// A report without what a clock says; the backend is chosen for another reason here and there.
nlohmann::json timeless(nlohmann::json report) {
  for (const char* key : {"wall_s", "realtime_factor", "busy"}) report["summary"].erase(key);
  for (auto& track : report["tracks"]) track.erase("busy");
  report.erase("backend_reason");
  return report;
}

// What the tracks say they took, by kind of work, is what the summary says.
void expect_busy_adds_up(const nlohmann::json& report) {
  for (const char* kind : kKindsOfWork) {
    double sum = 0;
    for (const auto& track : report.at("tracks")) {
      if (track.contains("busy")) sum += track.at("busy").at(kind).get<double>();
    }
    EXPECT_NEAR(report.at("summary").at("busy").at(kind).get<double>(), sum, 1e-3) << kind;
  }
}

TEST_F(FarmLog, AFarmsReportAndALocalOneOfTheSameInputAgreeButForTimes) {
  write_short_tracks(work_.in(), 4, 2.0);
  spill(work_.in() / "bad.wav", "no audio");
  const nlohmann::json local = work_.master({"--json", "--backend", "cpu"}).json();
  const std::string manifest = slurp(work_.out() / "lathe-manifest.json");
  const nlohmann::json local_again = work_.master({"--json", "--backend", "cpu"}).json();
  fs::remove_all(work_.out());
  Farm farm(farm_folder(), {});
  const auto submit_and_wait = [&] {
    return farm.run({"submit", work_.in().string(), "--out", work_.out().string(), "--wait", "--json"}).json();
  };
  const nlohmann::json far = submit_and_wait(), far_again = submit_and_wait();
  EXPECT_EQ(timeless(far).dump(1), timeless(local).dump(1));
  EXPECT_EQ(timeless(far_again).dump(1), timeless(local_again).dump(1));
  EXPECT_EQ(slurp(work_.out() / "lathe-manifest.json"), manifest);
  for (const nlohmann::json* report : {&far, &local}) {
    EXPECT_GT(report->at("summary").at("busy").at("kernels"), 0.0);
    expect_busy_adds_up(*report);
    const nlohmann::json track = track_named(*report, "t00001.wav");
    EXPECT_EQ(track.at("engine"), report->at("engine"));
    EXPECT_EQ(track.at("backend"), report->at("backend"));
    EXPECT_GT(track.at("busy").at("kernels"), 0.0);
  }
  // What was remembered took nothing this time.
  for (const nlohmann::json* report : {&far_again, &local_again}) {
    EXPECT_EQ(report->at("summary").at("unchanged"), 4);
    EXPECT_FALSE(track_named(*report, "t00001.wav").contains("busy"));
    for (const char* kind : kKindsOfWork) EXPECT_EQ(report->at("summary").at("busy").at(kind), 0.0);
  }
}

TEST_F(FarmLog, AnExecutorWhoseNurseryWasKilledIsReplacedAndItsTrackTriedAgain) {
  write_short_tracks(work_.in(), 3);
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  farm.wait_for_end(submit(farm));
  const std::set<pid_t> executors = children_of(farm.worker(0).pid());
  ASSERT_EQ(executors.size(), 1u);
  const std::set<pid_t> nurseries = children_of(*executors.begin());
  ASSERT_EQ(nurseries.size(), 1u);
  ASSERT_EQ(::kill(*nurseries.begin(), SIGKILL), 0);
  while (parent_of(*nurseries.begin()) != 0) ::usleep(1'000);

  const std::string job = submit(farm, {"--no-cache"});
  EXPECT_EQ(farm.wait_for_end(job).at("state"), "SUCCEEDED");
  int isolation = 0;
  for (const char* name : {"t00000.wav", "t00001.wav", "t00002.wav"}) {
    const auto attempts = lines_of(farm, job, name);
    for (const auto& [token, lines] : attempts) {
      isolation += lines.back().find("ISOLATION (INFRA)") != std::string::npos;
      EXPECT_THAT(lines.back(), ::testing::AnyOf(HasSubstr("ISOLATION (INFRA)"), HasSubstr("mastered in")));
    }
  }
  EXPECT_EQ(isolation, 1) << "one track met it, and no other";
  const std::set<pid_t> now = children_of(farm.worker(0).pid());
  ASSERT_EQ(now.size(), 1u);
  EXPECT_NE(now, executors);
  EXPECT_THAT(farm.drain_worker(0), HasSubstr("is replaced"));
  farm.expect_sound();
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
