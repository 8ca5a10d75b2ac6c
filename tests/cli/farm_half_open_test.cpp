// Connections that stay open while nobody is at the other end: keepalive notices, all go on once there is a line again,
// and how long each takes is told.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "scheduler/worker/digest.h"
#include "tests/cli/farm.h"
#include "tests/cli/network.h"

namespace lathe::test {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

TEST(FarmHalfOpen, WorkerAndWatcherNoticeItAndComeBackByThemselves) {
  constexpr int kTracks = 80;
  const Workspace work;
  write_short_tracks(work.in(), kTracks, 20);
  FarmSetting setting;
  setting.workers = 0;
  setting.lease_s = 2;
  const Farm farm(work.root() / "farm", setting);
  TcpRelay workers_line(farm.port(0)), persons_line(farm.port(0));
  ProgramCall call = worker_call(workers_line.address(), "far", work.root() / "worker");
  RunningProgram worker(call);
  call.arguments = {"submit", work.in().string(), "--out",       work.out().string(),
                    "--wait", "--json",           "--scheduler", persons_line.address()};
  RunningProgram person(call);
  ASSERT_TRUE(comes_true([&] {
    const ProgramResult status = farm.run({"status", "1", "--json"});
    return status.exit_code == 0 && status.json().at("counts").at("done") >= 1;
  }));
  const int workers = workers_line.connections(), persons = persons_line.connections();
  workers_line.swallow(true);
  persons_line.swallow(true);
  const auto swallowed = Clock::now();
  // Noticed: it gave the connection up and made another.
  double worker_s = 0, person_s = 0;
  EXPECT_TRUE(comes_true(
      [&] {
        if (worker_s == 0 && workers_line.connections() > workers) worker_s = seconds_since(swallowed);
        if (person_s == 0 && persons_line.connections() > persons) person_s = seconds_since(swallowed);
        return worker_s > 0 && person_s > 0;
      },
      90'000));
  EXPECT_LT(worker_s, 30);  // keepalive: 20 s and 5 s
  EXPECT_LT(person_s, 45);  // keepalive: 30 s and 10 s
  EXPECT_LT(farm.count("1", "done"), kTracks);
  const std::int64_t done = farm.count("1", "done");
  workers_line.swallow(false);
  persons_line.swallow(false);
  const auto mended = Clock::now();
  ASSERT_TRUE(comes_true([&] { return farm.count("1", "done") > done; }, 60'000));
  const double result_s = seconds_since(mended);
  const ProgramResult result = person.wait(120'000);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::printf(
      "noticed: by the worker after %.1f s, by the watcher after %.1f s; first result %.1f s after it was mended\n",
      worker_s, person_s, result_s);
  ASSERT_EQ(result.json().at("tracks").size(), static_cast<std::size_t>(kTracks));
  const nlohmann::json report = result.json();
  for (const auto& track : report.at("tracks")) {
    EXPECT_EQ(track.at("state"), "DONE") << track;
    for (const auto& output : track.at("outputs"))
      EXPECT_EQ(scheduler::file_sha256(std::string(output.at("path"))), output.at("sha256"));
  }
  worker.send(SIGTERM);
  EXPECT_EQ(worker.wait().exit_code, 0);
  farm.expect_sound();
}

}  // namespace
}  // namespace lathe::test
