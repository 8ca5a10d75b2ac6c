// When a worker's heart beats: for its leases, and for those who watch.
#include "scheduler/core/worker_session.h"

#include <gtest/gtest.h>

#include "tests/scheduler/noting_port.h"

namespace lathe::scheduler {
namespace {

class WorkerSessionTest : public ::testing::Test {
 protected:
  WorkerSessionTest() : session_(setting(), port_, [] { return 0.5; }) {
    session_.on_executor_ready(0, now_);
    answer_beat();
    session_.on_acquired(port_.acquire_call, {{kTrack, 30'000, false}}, WorkerSession::Standing::kActive, now_);
    answer_beat();
    port_.beats = 0;
  }

  static SessionSetting setting() {
    SessionSetting setting;
    setting.lease_ms = 30'000;
    setting.progress_ms = 2'000;
    return setting;
  }
  void answer_beat() {
    if (port_.beat_call != 0) session_.on_heartbeat(port_.beat_call, {}, WorkerSession::Standing::kActive, now_);
    port_.beat_call = 0;
  }
  // Each beat is answered at once, unless the scheduler is away.
  void pass(std::int64_t for_ms, bool is_away = false) {
    for (const std::int64_t until = now_ + for_ms; now_ < until;) {
      now_ += 50;
      session_.tick(now_);
      if (!is_away) answer_beat();
      if (is_away && port_.beat_call != 0) session_.on_heartbeat_failed(std::exchange(port_.beat_call, 0), now_);
    }
  }

  static constexpr LeaseKey kTrack{1, 1};
  std::int64_t now_ = 1'000'000;
  NotingPort port_;
  WorkerSession session_;
};

TEST_F(WorkerSessionTest, WithoutATrackInWorkItBeatsAtAThirdOfTheLease) {
  pass(60'000);
  EXPECT_EQ(port_.beats, 6);
}

TEST_F(WorkerSessionTest, ATrackInWorkForLongerThanTwoSecondsMakesItBeatEachTwo) {
  session_.on_started(kTrack);
  pass(2'000);
  EXPECT_EQ(port_.beats, 0);
  pass(60'000);
  EXPECT_NEAR(port_.beats, 30, 1);
  EXPECT_EQ(port_.beaten, std::vector<LeaseKey>{kTrack});
}

TEST_F(WorkerSessionTest, ShortTracksCostNoHeartbeats) {
  LeaseKey track = kTrack;
  for (int i = 0; i < 40; ++i) {
    session_.on_started(track);
    pass(1'500);
    session_.on_finished(track, false, now_);
    session_.on_committed(track, WorkerSession::Answer::kDone, now_);
    track = {track.task_id + 1, 1};
    session_.on_acquired(port_.acquire_call, {{track, 30'000, false}}, WorkerSession::Standing::kActive, now_);
    answer_beat();
  }
  EXPECT_LE(port_.beats, 41) << "the one that confirms each new lease, and no others";
}

TEST_F(WorkerSessionTest, ASchedulerThatIsAwayIsAskedAsOftenAsWithoutProgressAndTheLeaseEndsInTime) {
  session_.on_started(kTrack);
  pass(4'000);
  ASSERT_EQ(port_.kills, 0);
  const std::int64_t last_renewed = now_;
  port_.beats = 0;
  pass(20'000, true);
  EXPECT_LT(port_.beats, 20) << "backoff rises to three seconds";
  EXPECT_EQ(port_.kills, 0);
  pass(last_renewed + 25'000 - now_, true);
  EXPECT_EQ(port_.kills, 1) << "at five sixths of the lease";
}

}  // namespace
}  // namespace lathe::scheduler
