// kill -9 of schedulers, workers and the database at random, while jobs come in and are worked on: nothing is lost, and
// nothing is done twice.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "scheduler/worker/digest.h"
#include "tests/cli/farm.h"
#include "tests/cli/length.h"
#include "tests/scheduler/postgres_server.h"
#include "tests/support/random.h"

namespace lathe::test {
namespace {

using Clock = std::chrono::steady_clock;

class FarmStorm : public testing::Test {
 protected:
  // Two schedulers and four workers on the store; `kill_database` kills and restarts what is below it.
  void storm(const std::string& store, const std::function<void()>& kill_database) {
    write_short_tracks(work_.in(), tracks_, 0.5);
    FarmSetting setting;
    setting.schedulers = 2;
    setting.workers = 4;
    setting.lease_s = 5;
    setting.store = store;
    Farm farm(work_.root() / "farm", setting);
    const std::string job = submit(farm, work_.in(), "big");
    std::atomic<bool> is_over{false};
    std::vector<std::string> acknowledged;
    // Small jobs come in all the while; what was acknowledged counts.
    std::thread submitter([&] {
      for (int i = 0; !is_over; ++i) {
        const std::string name = "small" + std::to_string(i);
        write_short_tracks(work_.root() / "more" / name, 2, 0.5);
        const ProgramResult result = run_program(farm.call({"submit", (work_.root() / "more" / name).string(), "--out",
                                                            (work_.root() / "out-more" / name).string(), "--request-id",
                                                            name, "--json", "--patience", "20"}));
        if (result.exit_code == 0)
          acknowledged.push_back(std::to_string(result.json().at("job_id").get<std::int64_t>()));
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
      }
    });
    Random random = seeded(17);
    const auto until = Clock::now() + std::chrono::seconds(length(8, 120));
    int kills = 0;
    while (Clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(static_cast<int>(random.uniform(200, 2000))));
      const int victim = static_cast<int>(random.integer(0, kill_database ? 6 : 5));
      if (victim < 2) {
        farm.kill_scheduler(victim);
        farm.start_scheduler(victim);
      } else if (victim < 6) {
        farm.kill_worker(victim - 2);
        farm.start_worker(victim - 2);
      } else {
        kill_database();
      }
      ++kills;
    }
    is_over = true;
    submitter.join();
    const nlohmann::json end = farm.wait_for_end(job, 600'000);
    ASSERT_TRUE(end.contains("counts"));
    EXPECT_EQ(end.at("state"), "SUCCEEDED") << "after " << kills << " kills: " << end.dump(1);
    EXPECT_EQ(end.at("counts").at("quarantined"), 0);
    for (const std::string& one : acknowledged) {
      EXPECT_EQ(farm.wait_for_end(one).value("state", ""), "SUCCEEDED") << "job " << one;
    }
    EXPECT_EQ(std::set<std::string>(acknowledged.begin(), acknowledged.end()).size(), acknowledged.size());
    expect_whole(farm, job);
    farm.expect_sound();
    std::printf("%d kills, %zu small jobs acknowledged\n", kills, acknowledged.size());
  }

  std::string submit(const Farm& farm, const fs::path& in, const std::string& request) const {
    const ProgramResult result =
        farm.run({"submit", in.string(), "--out", work_.out().string(), "--request-id", request, "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::to_string(result.json().at("job_id").get<std::int64_t>());
  }

  // Every track has one result, and its file is what the result says.
  void expect_whole(const Farm& farm, const std::string& job) const {
    const nlohmann::json report = farm.run({"report", job, "--format", "json"}).json();
    ASSERT_EQ(report.at("tracks").size(), static_cast<std::size_t>(tracks_));
    for (const auto& track : report.at("tracks")) {
      for (const auto& output : track.at("outputs")) {
        const std::string path = output.at("path");
        ASSERT_TRUE(fs::exists(path)) << path;
        EXPECT_EQ(scheduler::file_sha256(path), output.at("sha256")) << path;
      }
    }
  }

  const int tracks_ = length(150, 2'000);
  Workspace work_;
};

TEST_F(FarmStorm, OnSqliteNothingIsLostAndNothingDoneTwice) { storm("", {}); }

TEST_F(FarmStorm, OnPostgresNothingIsLostAndNothingDoneTwice) {
  if (const std::string absence = scheduler::PostgresServer::absence(); !absence.empty()) GTEST_SKIP() << absence;
  fs::create_directories(work_.root() / "postgres");
  scheduler::PostgresServer server((work_.root() / "postgres").string());
  storm(server.url(), [&server] {
    server.kill();
    server.start();
  });
}

}  // namespace
}  // namespace lathe::test
