// A network that is slow, or holds connections open and says nothing.
#include "tests/cli/network.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "scheduler/worker/digest.h"
#include "tests/cli/farm.h"

namespace lathe::test {
namespace {

using Clock = std::chrono::steady_clock;

class FarmNetwork : public testing::Test {
 protected:
  // The farm has no worker of its own; this one speaks with it through the relay.
  std::unique_ptr<RunningProgram> worker(const std::string& name, const std::string& scheduler,
                                         const std::map<std::string, std::string>& environment = {}) const {
    ProgramCall call = worker_call(scheduler, name, work_.root() / name);
    call.environment = environment;
    return std::make_unique<RunningProgram>(call);
  }
  FarmSetting without_workers(double lease_s) const {
    FarmSetting setting;
    setting.workers = 0;
    setting.lease_s = lease_s;
    return setting;
  }
  ProgramCall submission(const std::string& scheduler) const {
    ProgramCall call;
    call.arguments = {"submit", work_.in().string(), "--out",  work_.out().string(), "--wait",
                      "--json", "--scheduler",       scheduler};
    return call;
  }
  void expect_done(const nlohmann::json& report, std::size_t tracks) const {
    ASSERT_EQ(report.at("tracks").size(), tracks);
    for (const auto& track : report.at("tracks")) {
      EXPECT_EQ(track.at("state"), "DONE") << track;
      for (const auto& output : track.at("outputs"))
        EXPECT_EQ(scheduler::file_sha256(std::string(output.at("path"))), output.at("sha256"));
    }
  }

  Workspace work_;
};

TEST_F(FarmNetwork, OnALineThatTricklesAllIsDoneAndNoLeaseIsLost) {
  constexpr int kTracks = 8;
  write_short_tracks(work_.in(), kTracks);
  const Farm farm(work_.root() / "farm", without_workers(5));
  TcpRelay workers_line(farm.port(0)), persons_line(farm.port(0));
  workers_line.trickle(60);  // 12 kB/s
  persons_line.trickle(60);
  const auto slow = worker("slow", workers_line.address());
  const ProgramResult result = run_program(submission(persons_line.address()));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  expect_done(result.json(), kTracks);
  for (int task = 1; task <= kTracks; ++task)
    EXPECT_EQ(farm.run({"explain", std::to_string(task), "--json"}).json().at("attempts"), 1);
  slow->send(SIGTERM);
  EXPECT_EQ(slow->wait().exit_code, 0);
  farm.expect_sound();
}

TEST_F(FarmNetwork, AWorkerBehindAHalfOpenLineStopsItselfAndAnotherDoesItsTracks) {
  constexpr int kTracks = 12;
  write_short_tracks(work_.in(), kTracks);
  const Farm farm(work_.root() / "farm", without_workers(1));
  TcpRelay line(farm.port(0));
  const auto far = worker("far", line.address(), {{"LATHE_FAILPOINTS", "executor.mastered=stop:t00004"}});
  RunningProgram person(submission(farm.address()));
  ASSERT_TRUE(comes_true([&] { return stopped_child(far->pid()) > 0; }));
  line.swallow(true);
  ASSERT_TRUE(comes_true([&] { return farm.count("1", "leased") == 0; }));
  EXPECT_LT(farm.count("1", "done"), kTracks);
  const Tree named = masters_of(work_.out());
  const auto near = worker("near", farm.address());
  const ProgramResult result = person.wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  expect_done(result.json(), kTracks);
  EXPECT_FALSE(far->ends_within(0));
  // What had its name is as it was, or was made again with the same bytes.
  const Tree masters = masters_of(work_.out());
  for (const auto& [name, bytes] : named) EXPECT_EQ(masters.at(name), bytes) << name;
  farm.expect_sound();
}

}  // namespace
}  // namespace lathe::test
