// Disks of the farm that are full or fail: what was said to be done is done, the rest waits, and goes on by itself.
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "scheduler/worker/digest.h"
#include "tests/cli/failing_disk.h"
#include "tests/cli/farm.h"

namespace lathe::test {
namespace {

class FarmDisk : public testing::Test {
 protected:
  std::string submit(const Farm& farm, const std::string& request = "one", const fs::path& in = {}) const {
    const ProgramResult result = try_to_submit(farm, request, in);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::to_string(result.json().at("job_id").get<std::int64_t>());
  }
  ProgramResult try_to_submit(const Farm& farm, const std::string& request, const fs::path& in = {}) const {
    return farm.run({"submit", (in.empty() ? work_.in() : in).string(), "--out", (work_.out() / request).string(),
                     "--request-id", request, "--json", "--patience", "2"});
  }
  // The tracks of a job by their state, each DONE one with its master whole.
  std::map<std::string, int> states(const Farm& farm, const std::string& job) const {
    std::map<std::string, int> states;
    const nlohmann::json report = farm.run({"report", job, "--format", "json"}).json();
    for (const auto& track : report.at("tracks")) {
      ++states[track.at("state")];
      if (track.at("state") != "DONE") continue;
      for (const auto& output : track.at("outputs"))
        EXPECT_EQ(scheduler::file_sha256(std::string(output.at("path"))), output.at("sha256"));
    }
    return states;
  }
  std::string explained(const Farm& farm, int tasks) const {
    std::string text;
    for (int task = 1; task <= tasks; ++task) text += farm.run({"explain", std::to_string(task)}).out;
    return text;
  }
  void expect_nobody_quarantined(const Farm& farm) const {
    const ProgramResult workers = farm.run({"workers", "list", "--json"});
    EXPECT_EQ(workers.out.find("QUARANTINED"), std::string::npos) << workers.out;
  }
  // Whatever has its final name is a whole file.
  void expect_whole_masters(const Tree& of_a_well_run, const fs::path& out) const {
    for (const auto& [name, bytes] : masters_of(out)) EXPECT_EQ(bytes, of_a_well_run.at(name)) << name;
  }
  // The masters as a run on a disk that is well makes them.
  Tree well_run() const {
    EXPECT_EQ(run_program({"master", work_.in().string(), "--out", (work_.root() / "well").string(), "--state-dir",
                           work_.state().string(), "-q"})
                  .exit_code,
              0);
    return masters_of(work_.root() / "well");
  }

  Workspace work_;
};

TEST_F(FarmDisk, AFullOutputDiskIsSaidAndItsTracksAreDoneByThemselvesOnceThereIsRoom) {
  constexpr int kTracks = 20;
  write_short_tracks(work_.in(), kTracks);
  const Tree well = well_run();
  const SmallDisk disk(work_.out(), "160k");  // for about half of them
  if (!disk.absence().empty()) GTEST_SKIP() << disk.absence();
  Farm farm(work_.root() / "farm", {});
  const std::string job = submit(farm);
  ASSERT_TRUE(comes_true([&] { return farm.count(job, "done") >= 1 && farm.count(job, "retrying") >= 5; }));
  const std::string why = explained(farm, kTracks);
  EXPECT_NE(why.find("DISK_FULL"), std::string::npos) << why;
  EXPECT_NE(why.find("the disk is full"), std::string::npos) << why;
  // Often enough that a worker might be taken for the cause of it.
  ASSERT_TRUE(comes_true([&] {
    int failures = 0;
    const nlohmann::json workers = farm.run({"workers", "list", "--json"}).json();
    for (const auto& worker : workers.at("workers")) failures += worker.at("failed").get<int>();
    return failures >= 25;
  }));
  EXPECT_EQ(farm.count(job, "failed"), 0);
  EXPECT_LT(farm.count(job, "done"), kTracks);
  expect_whole_masters(well, work_.out() / "one");
  disk.resize("16m");
  const nlohmann::json end = farm.wait_for_end(job);
  EXPECT_EQ(end.at("state"), "SUCCEEDED") << end;
  EXPECT_EQ(states(farm, job), (std::map<std::string, int>{{"DONE", kTracks}}));
  EXPECT_EQ(masters_of(work_.out() / "one"), well);
  expect_nobody_quarantined(farm);
  farm.drain_worker(0);
  farm.drain_worker(1);
  expect_nothing_staged(work_.out() / "one");
  farm.expect_sound();
}

TEST_F(FarmDisk, AStoreWithoutRoomIsSaidAndLosesNothingAndGoesOnOnceThereIsRoom) {
  write_short_tracks(work_.in(), 10);
  // The log of SQLite alone takes 4 MiB before what is in it goes into the database.
  const SmallDisk disk(work_.root() / "disk", "16m");
  if (!disk.absence().empty()) GTEST_SKIP() << disk.absence();
  FarmSetting setting;
  setting.lease_s = 2;
  setting.store = "sqlite:" + (work_.root() / "disk" / "farm.sqlite").string();
  Farm farm(work_.root() / "farm", setting);
  const std::string first = submit(farm, "first");
  ASSERT_EQ(farm.wait_for_end(first).at("state"), "SUCCEEDED");
  const std::string second = submit(farm, "second");
  ASSERT_TRUE(comes_true([&] { return farm.count(second, "done") >= 1; }));
  disk.fill();
  // The store still has some room in its files; then it has none.
  ProgramResult refused;
  std::set<std::string> acknowledged{first, second};
  ASSERT_TRUE(comes_true([&] {
    const std::string request = "more" + std::to_string(acknowledged.size());
    refused = try_to_submit(farm, request);
    if (refused.exit_code == 0) acknowledged.insert(std::to_string(refused.json().at("job_id").get<std::int64_t>()));
    return refused.exit_code != 0;
  }));
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.err.find("no space left"), std::string::npos) << refused.err;
  EXPECT_FALSE(farm.scheduler(0).ends_within(0));
  EXPECT_EQ(farm.run({"list"}).exit_code, 0);
  // One that is started on a full disk says why it ends, or serves what there is.
  farm.kill_scheduler(0);
  farm.start_scheduler(0);
  if (farm.scheduler(0).ends_within(2000)) {
    const ProgramResult end = farm.scheduler(0).wait();
    EXPECT_EQ(end.exit_code, 3);
    EXPECT_NE(end.err.find("space"), std::string::npos) << end.err;
    disk.make_room();
    farm.start_scheduler(0);
  }
  disk.make_room();
  farm.await_scheduler(0);
  acknowledged.insert(submit(farm, "last"));
  for (const std::string& job : acknowledged) {
    EXPECT_EQ(farm.wait_for_end(job, 60'000).value("state", ""), "SUCCEEDED")
        << explained(farm, 10 * static_cast<int>(acknowledged.size())) << farm.run({"workers", "list"}).out;
    EXPECT_EQ(states(farm, job), (std::map<std::string, int>{{"DONE", 10}})) << job;
  }
  farm.expect_sound();
}

TEST_F(FarmDisk, AMasterWhoseSyncFailsIsNotCommittedAndIsDoneOnceTheDiskIsWell) {
  if (const std::string absence = FailingSync::absence(); !absence.empty()) GTEST_SKIP() << absence;
  constexpr int kTracks = 4;
  write_short_tracks(work_.in(), kTracks);
  const Tree well = well_run();
  for (const char* files : {"*/out/*/.lathe/*", "*/out/*/album0"}) {
    SCOPED_TRACE(files);
    const std::string request = std::string(files).ends_with("album0") ? "folders" : "files";
    const FailingSync disk(work_.root() / ("disk-" + request), files);
    disk.break_disk();
    FarmSetting setting;
    setting.workers = 1;
    setting.worker_environment = disk.environment();
    Farm farm(work_.root() / ("farm-" + request), setting);
    const std::string job = submit(farm, request);
    ASSERT_TRUE(comes_true([&] { return disk.failures() >= kTracks && farm.count(job, "retrying") == kTracks; }));
    const std::string why = explained(farm, kTracks);
    EXPECT_NE(why.find("STORAGE_FAILED"), std::string::npos) << why;
    EXPECT_NE(why.find("Input/output error"), std::string::npos) << why;
    EXPECT_EQ(farm.count(job, "done"), 0);
    if (request == "files") {
      EXPECT_EQ(count_masters(work_.out() / request), 0);
    }
    disk.mend_disk();
    EXPECT_EQ(farm.wait_for_end(job).value("state", ""), "SUCCEEDED");
    EXPECT_EQ(states(farm, job), (std::map<std::string, int>{{"DONE", kTracks}}));
    EXPECT_EQ(masters_of(work_.out() / request), well);
    farm.drain_worker(0);
    expect_nothing_staged(work_.out() / request);
    farm.expect_sound();
  }
}

TEST_F(FarmDisk, AStoreThatCannotSyncAcknowledgesNothingThatAPowerCutWouldTake) {
  if (const std::string absence = FailingSync::absence(); !absence.empty()) GTEST_SKIP() << absence;
  constexpr int kTracks = 60, kLater = 3;
  write_short_tracks(work_.in(), kTracks);
  const fs::path later = work_.root() / "later";
  write_short_tracks(later, kLater);
  const FailingSync disk(work_.root() / "disk", "*/farm.sqlite*");
  FarmSetting setting;
  setting.lease_s = 2;
  setting.scheduler_environment = disk.environment();
  const fs::path store = work_.root() / "farm" / "farm.sqlite";
  Farm farm(work_.root() / "farm", setting);
  const std::string job = submit(farm, "one");
  ASSERT_TRUE(comes_true([&] { return farm.count(job, "done") >= 3; }));
  disk.break_disk();
  ASSERT_TRUE(comes_true([&] { return disk.failures() >= 3; }));
  const std::int64_t done = farm.count(job, "done");
  EXPECT_LT(done, kTracks);
  const ProgramResult refused = try_to_submit(farm, "two", later);
  EXPECT_EQ(refused.exit_code, 3) << refused.out;
  EXPECT_NE(refused.err.find("cannot be read or written"), std::string::npos) << refused.err;
  EXPECT_FALSE(farm.scheduler(0).ends_within(0));
  const int failures = disk.failures();
  ASSERT_TRUE(comes_true([&] { return disk.failures() >= failures + 5; }));
  EXPECT_EQ(farm.count(job, "done"), done);
  // The power goes: of the store's files there is what was synced, and nothing else.
  const nlohmann::json before = farm.run({"list", "--json"}).json();
  farm.kill_scheduler(0);
  disk.mend_disk();
  for (const char* part : {"", "-wal", "-shm"}) {
    fs::remove(store.string() + part);
    const fs::path kept = disk.kept() / (store.filename().string() + part);
    if (fs::exists(kept)) fs::copy_file(kept, store.string() + part);
  }
  farm.expect_sound();
  farm.start_scheduler(0);
  farm.await_scheduler(0);
  EXPECT_GE(farm.count(job, "done"), done);
  EXPECT_EQ(farm.run({"list", "--json"}).json().at("jobs").size(), before.at("jobs").size());
  const std::string second = submit(farm, "two", later);
  EXPECT_EQ(farm.wait_for_end(job).value("state", ""), "SUCCEEDED");
  EXPECT_EQ(farm.wait_for_end(second).value("state", ""), "SUCCEEDED");
  EXPECT_EQ(states(farm, job), (std::map<std::string, int>{{"DONE", kTracks}}));
  EXPECT_EQ(states(farm, second), (std::map<std::string, int>{{"DONE", kLater}}));
  farm.expect_sound();
}

}  // namespace
}  // namespace lathe::test
