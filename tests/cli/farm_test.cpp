// The farm from outside: schedulers and workers as processes, and what users do with them.
#include "tests/cli/farm.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace lathe::test {
namespace {

class FarmTest : public testing::Test {
 protected:
  std::string submit(const Farm& farm, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"submit", work_.in().string(), "--out", work_.out().string(), "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = farm.run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::to_string(result.json().at("job_id").get<std::int64_t>());
  }
  nlohmann::json report(const Farm& farm, const std::string& job) const {
    return farm.run({"report", job, "--format", "json"}).json();
  }
  // Why each task that has not ended has not.
  static std::string unfinished(const Farm& farm, const std::string& job) {
    std::string text;
    (void)job;
    for (int task = 1; task <= 200; ++task) {
      const ProgramResult explained = farm.run({"explain", std::to_string(task)});
      if (explained.exit_code != 0) break;
      const bool has_ended = explained.out.find("  DONE  ") != std::string::npos;
      if (!has_ended) text += explained.out;
    }
    return text + farm.run({"workers", "list"}).out;
  }
  fs::path farm_folder() const { return work_.root() / "farm"; }

  Workspace work_;
};

TEST_F(FarmTest, TwoWorkersMakeTheSameBytesAsALocalRun) {
  write_short_tracks(work_.in(), 30);
  ASSERT_EQ(work_.master({"-q"}).exit_code, 0);
  const Tree local = tree_of(work_.out());
  fs::remove_all(work_.out());
  Farm farm(farm_folder(), {});
  ProgramCall call = farm.call({"submit", work_.in().string(), "--out", work_.out().string(), "--wait", "--json"});
  const ProgramResult result = run_program(call);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json().at("summary").at("done"), 30);
  EXPECT_EQ(tree_of(work_.out()), local);
  farm.drain_worker(0);
  farm.drain_worker(1);
  farm.expect_sound();
}

TEST_F(FarmTest, AnAuditJobReportsWhatALocalAuditDoes) {
  write_short_tracks(work_.in(), 20);
  const auto without_times = [](nlohmann::json document) {
    document["summary"].erase("wall_s");
    document["summary"].erase("realtime_factor");
    document["summary"].erase("remembered");
    for (auto& file : document["files"]) file.erase("remembered");
    return document;
  };
  const ProgramResult local =
      run_program({"audit", work_.in().string(), "--profile", "spotify", "--format", "json", "--no-cache"});
  Farm farm(farm_folder(), {});
  const ProgramResult far =
      farm.run({"submit", work_.in().string(), "--audit", "--profile", "spotify", "--wait", "--json"});
  EXPECT_EQ(far.exit_code, local.exit_code) << far.err;
  const nlohmann::json difference = nlohmann::json::diff(without_times(local.json()), without_times(far.json()));
  EXPECT_TRUE(difference.empty()) << difference.dump(1).substr(0, 2000);
}

TEST_F(FarmTest, ATrackWhoseExecutorDiesEachTimeIsQuarantinedAfterTwoAndTheRestIsDone) {
  write_short_tracks(work_.in(), 30);
  FarmSetting setting;
  setting.worker_environment["LATHE_FAILPOINTS"] = "executor.start=abort:t00013";
  Farm farm(farm_folder(), setting);
  const std::string job = submit(farm);
  const nlohmann::json end = farm.wait_for_end(job);
  EXPECT_EQ(end.at("state"), "SUCCEEDED_WITH_FAILURES");
  EXPECT_EQ(end.at("counts").at("done"), 29);
  EXPECT_EQ(end.at("counts").at("quarantined"), 1);
  const nlohmann::json document = report(farm, job);
  EXPECT_EQ(states_of(document).at("t00013.wav"), "QUARANTINED");
  const std::string reason = track_named(document, "t00013.wav").at("reason");
  EXPECT_NE(reason.find("signal 6"), std::string::npos) << reason;
  const std::string workers = farm.run({"workers", "list", "--json"}).out;
  EXPECT_EQ(workers.find("QUARANTINED"), std::string::npos) << workers;
  farm.expect_sound();
}

TEST_F(FarmTest, AWorkerThatFailsEverythingIsQuarantinedAndItsTracksAreDoneElsewhere) {
  write_short_tracks(work_.in(), 40);
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  setting.worker_environment["LATHE_FAILPOINTS"] = "executor.start=throw";
  ProgramCall bad;
  fs::create_directories(farm_folder() / "bad");
  bad.arguments = {"worker",
                   "--scheduler",
                   farm.address(),
                   "--name",
                   "bad",
                   "--jobs",
                   "1",
                   "--backend",
                   "cpu",
                   "--state-dir",
                   (farm_folder() / "bad").string()};
  bad.environment["LATHE_FAILPOINTS"] = "executor.start=throw";
  const RunningProgram worker(bad);
  const std::string job = submit(farm);
  const nlohmann::json end = farm.wait_for_end(job);
  EXPECT_EQ(end.at("state"), "SUCCEEDED") << end;
  bool is_quarantined = false;
  const nlohmann::json workers = farm.run({"workers", "list", "--json"}).json();
  for (const auto& record : workers.at("workers")) {
    is_quarantined = is_quarantined || (record.at("name") == "bad" && record.at("state") == "QUARANTINED");
  }
  EXPECT_TRUE(is_quarantined) << farm.run({"workers", "list"}).out;
  farm.expect_sound();
}

TEST_F(FarmTest, AStoppedWorkerThatComesBackAfterItsLeaseChangesNothing) {
  write_short_tracks(work_.in(), 12);
  FarmSetting setting;
  setting.lease_s = 2;
  setting.workers = 1;
  // Its executor stops itself where it is about to give the first file its name.
  setting.worker_environment["LATHE_FAILPOINTS"] = "executor.publish=stop:t00005";
  Farm farm(farm_folder(), setting);
  const std::string job = submit(farm);
  ASSERT_TRUE(comes_true([&] { return farm.count(job, "done") >= 1; }));
  farm.worker(0).send(SIGSTOP);
  ProgramCall second;
  fs::create_directories(farm_folder() / "second");
  second.arguments = {"worker",
                      "--scheduler",
                      farm.address(),
                      "--name",
                      "second",
                      "--jobs",
                      "1",
                      "--backend",
                      "cpu",
                      "--state-dir",
                      (farm_folder() / "second").string()};
  const RunningProgram worker(second);
  const nlohmann::json end = farm.wait_for_end(job, 30'000);
  ASSERT_EQ(end.value("state", ""), "SUCCEEDED") << unfinished(farm, job);
  const Tree finished = tree_of(work_.out());
  farm.worker(0).send(SIGCONT);
  std::this_thread::sleep_for(std::chrono::seconds(3));  // more than a lease: whatever it might do, it has done
  Tree later = tree_of(work_.out());
  std::erase_if(later, [](const auto& file) { return file.first.starts_with(".lathe"); });
  Tree before = finished;
  std::erase_if(before, [](const auto& file) { return file.first.starts_with(".lathe"); });
  EXPECT_EQ(later, before);
  EXPECT_EQ(farm.count(job, "done"), 12);
  farm.expect_sound();
}

TEST_F(FarmTest, ACancelledJobCommitsNothingMore) {
  write_short_tracks(work_.in(), 500);
  Farm farm(farm_folder(), {});
  const std::string job = submit(farm);
  ASSERT_TRUE(comes_true([&] { return farm.count(job, "done") >= 3; }));
  ASSERT_EQ(farm.run({"cancel", job}).exit_code, 0);
  const std::int64_t done = farm.count(job, "done");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(farm.count(job, "done"), done);
  EXPECT_EQ(farm.count(job, "done") + farm.count(job, "cancelled"), 500);
  farm.expect_sound();
}

TEST_F(FarmTest, APausedJobStartsNothingUntilItIsResumed) {
  write_short_tracks(work_.in(), 500);
  Farm farm(farm_folder(), {});
  const std::string job = submit(farm);
  ASSERT_TRUE(comes_true([&] { return farm.count(job, "done") >= 1; }));
  ASSERT_EQ(farm.run({"pause", job}).exit_code, 0);
  ASSERT_TRUE(comes_true([&] { return farm.count(job, "leased") == 0; }));
  const std::int64_t done = farm.count(job, "done");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(farm.count(job, "done"), done);
  ASSERT_EQ(farm.run({"resume", job}).exit_code, 0);
  EXPECT_EQ(farm.wait_for_end(job).at("counts").at("done"), 500);
}

TEST_F(FarmTest, AnUrgentJobGoesBeforeAnEarlierOne) {
  write_short_tracks(work_.in() / "a", 500);
  write_short_tracks(work_.in() / "b", 5);
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  const auto submit_part = [&](const char* part, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"submit", (work_.in() / part).string(), "--out", (work_.out() / part).string(),
                                       "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::to_string(farm.run(arguments).json().at("job_id").get<std::int64_t>());
  };
  const std::string slow = submit_part("a", {});
  const std::string urgent = submit_part("b", {"--priority", "10"});
  farm.wait_for_end(urgent);
  EXPECT_LT(farm.count(slow, "done"), 500);
  farm.wait_for_end(slow);
}

TEST_F(FarmTest, AJobThatCannotBeReadyInTimeSaysSoWhenItIsSubmitted) {
  write_short_tracks(work_.in(), 3);
  FarmSetting setting;
  setting.workers = 0;
  Farm farm(farm_folder(), setting);
  const ProgramResult result = farm.run(
      {"submit", work_.in().string(), "--out", work_.out().string(), "--finish-by", "2030-01-01T06:00", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("cannot be ready by 2030-01-01"), std::string::npos) << result.out;
}

TEST_F(FarmTest, ATrackThatNoWorkerHasTheMemoryForSaysSo) {
  write_short_tracks(work_.in(), 1);
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  submit(farm, {"--memory", "3GiB"});
  EXPECT_TRUE(comes_true([&] {
    const std::string why = farm.run({"explain", "1"}).out;
    return why.find("3072 MiB") != std::string::npos && why.find("1024 MiB") != std::string::npos;
  })) << farm.run({"explain", "1"}).out;
}

TEST_F(FarmTest, AWorkerThatIsToldToEndEndsWhatItHasBegunAndNothingIsLost) {
  write_short_tracks(work_.in(), 60);
  Farm farm(farm_folder(), {});
  const std::string job = submit(farm);
  ASSERT_TRUE(comes_true([&] { return farm.count(job, "done") >= 2; }));
  farm.drain_worker(0);
  const nlohmann::json end = farm.wait_for_end(job);
  EXPECT_EQ(end.at("counts").at("done"), 60);
  const nlohmann::json document = report(farm, job);
  for (const auto& track : document.at("tracks")) EXPECT_EQ(track.at("state"), "DONE");
  farm.expect_sound();
}

TEST_F(FarmTest, AFullDiskIsAFailureOfTheInfrastructureAndNothingHalfIsPublished) {
  write_short_tracks(work_.in(), 2);
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(farm_folder(), setting);
  // A folder that cannot be written to stands for storage that is away.
  fs::create_directories(work_.out());
  spill(work_.out() / "album0", "a file where a folder must be");
  const std::string job = submit(farm);
  const nlohmann::json end = farm.wait_for_end(job);
  EXPECT_EQ(end.at("state"), "SUCCEEDED_WITH_FAILURES");
  EXPECT_EQ(end.at("counts").at("failed"), 2);
  EXPECT_EQ(slurp(work_.out() / "album0"), "a file where a folder must be");
}

}  // namespace
}  // namespace lathe::test
