// An executor that answers no order any more: the simulation has none, for there all of them answer or die.
#include "scheduler/core/worker_session.h"

#include <gtest/gtest.h>

#include "tests/scheduler/noting_port.h"

namespace lathe::scheduler {
namespace {

constexpr LeaseKey kLease{7, 1};

class HungExecutor : public ::testing::Test {
 protected:
  HungExecutor() {
    session_.on_executor_ready(0, now_ms_);
    session_.on_acquired(port_.acquire_call, {{kLease, setting_.lease_ms, false}}, WorkerSession::Standing::kActive,
                         now_ms_);
    session_.on_started(kLease);
  }

  // Its leases are renewed all the while.
  void pass(std::int64_t ms) {
    for (const std::int64_t end = now_ms_ + ms; now_ms_ < end; now_ms_ += 100) {
      session_.tick(now_ms_);
      session_.on_heartbeat(port_.beat_call, {}, WorkerSession::Standing::kActive, now_ms_);
    }
  }

  NotingPort port_;
  SessionSetting setting_;
  WorkerSession session_{setting_, port_, [] { return 0.5; }};
  std::int64_t now_ms_ = 1'000;
};

TEST_F(HungExecutor, ThatDoesNotDropIsKilledAndItsTrackGivenBack) {
  session_.stop(now_ms_);
  pass(setting_.lease_ms);
  EXPECT_EQ(port_.kills, 0);
  pass(2 * setting_.lease_ms);
  EXPECT_EQ(port_.kills, 1);
  session_.on_executor_gone(0, {}, now_ms_);
  EXPECT_EQ(port_.releases, 1);
  session_.on_released(kLease, WorkerSession::Answer::kDone, now_ms_);
  session_.on_acquire_failed(port_.acquire_call, now_ms_);
  EXPECT_EQ(port_.failures, 0);
  EXPECT_TRUE(session_.is_over());
}

TEST_F(HungExecutor, ThatNeitherPublishesNorRefusesIsKilledThroughNoFaultOfTheTrack) {
  pass(1'000);
  session_.on_finished(kLease, true, now_ms_);
  session_.on_announced(kLease, WorkerSession::Answer::kDone, now_ms_);
  pass(3 * setting_.lease_ms);
  EXPECT_EQ(port_.kills, 1);
  session_.on_executor_gone(0, {FailureClass::kCrash, "", ""}, now_ms_);
  EXPECT_EQ(port_.failures, 1);
  EXPECT_EQ(port_.releases, 0);
}

}  // namespace
}  // namespace lathe::scheduler
