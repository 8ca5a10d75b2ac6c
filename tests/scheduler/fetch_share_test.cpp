#include "scheduler/core/fetch_share.h"

#include <gtest/gtest.h>

#include "tests/scheduler/noting_port.h"

namespace lathe::scheduler {
namespace {

TEST(FetchShare, NothingIsFetchedAheadWhenHandsAreIdleSoon) {
  const WantedTasks wanted{2, 2, 6};
  const WantedTasks at_the_end = fetch_share(wanted, {20, 10});
  EXPECT_EQ(at_the_end.at_once, 2);
  EXPECT_EQ(at_the_end.ahead, 0);
  EXPECT_EQ(at_the_end.spare, 0);
  const WantedTasks later = fetch_share(wanted, {21, 10});
  EXPECT_EQ(later.ahead, 2);
  EXPECT_EQ(later.spare, 0);
  EXPECT_EQ(fetch_share(wanted, {100, 10}).spare, 0);
  EXPECT_EQ(fetch_share(wanted, {101, 10}).spare, 6);
}

WantedTasks asked_by(int slots) {
  NotingPort port;
  SessionSetting setting;
  setting.slots = slots;
  WorkerSession session(setting, port, [] { return 0.5; });
  for (int s = 0; s < slots; ++s) session.on_executor_ready(s, 0);
  session.on_acquired(port.acquire_call, {}, WorkerSession::Standing::kActive, 0);
  session.tick(10'000);
  return port.wanted;
}

TEST(FetchShare, AWorkerAsksForNoMoreThanOneCallMayGive) {
  EXPECT_EQ(asked_by(2).at_once, 2);
  EXPECT_EQ(asked_by(2).ahead, 2);
  EXPECT_EQ(asked_by(2).spare, 6);
  EXPECT_EQ(asked_by(40).at_once, 40);
  EXPECT_EQ(asked_by(40).total(), kMostTasksAtOnce);
  EXPECT_EQ(asked_by(1024).at_once, kMostTasksAtOnce);
  EXPECT_EQ(asked_by(1024).total(), kMostTasksAtOnce);
}

}  // namespace
}  // namespace lathe::scheduler
