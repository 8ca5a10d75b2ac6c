// An executor that answers no order any more: the simulation has none, for there all of them answer or die.
#include "scheduler/core/worker_session.h"

#include <gtest/gtest.h>

namespace lathe::scheduler {
namespace {

constexpr LeaseKey kLease{7, 1};

// A scheduler that renews whatever it is asked to, and executors whose end the test says.
class RenewingPort final : public WorkerPort {
 public:
  std::int64_t acquire_call = 0, beat_call = 0;
  int kills = 0, releases = 0, failures = 0, forgotten = 0;
  void acquire(std::int64_t call, const WantedTasks&, bool) override { acquire_call = call; }
  void end_acquire(std::int64_t) override {}
  void heartbeat(std::int64_t call, const std::vector<LeaseKey>&) override { beat_call = call; }
  void announce(LeaseKey) override {}
  void commit(LeaseKey) override {}
  void fail(LeaseKey, const AttemptFailure&) override { ++failures; }
  void release(LeaseKey) override { ++releases; }
  void start(int, LeaseKey) override {}
  void publish(int, LeaseKey, std::int64_t) override {}
  void drop(int, LeaseKey) override {}
  void kill(int) override { ++kills; }
  void forget(LeaseKey) override { ++forgotten; }
};

class HungExecutor : public testing::Test {
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

  RenewingPort port_;
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
