// Conformance: handing tasks out, renewing leases, taking them back.
#include <set>
#include <stdexcept>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class JobStoreLeaseTest : public JobStoreTest {
 protected:
  // The only one of one job.
  Lease claim(const std::string& worker, bool is_sole_worker = false) {
    auto lease = claim_one(*store_, job_, worker, is_sole_worker);
    if (!lease) throw std::logic_error("nothing to claim for " + worker);
    return *lease;
  }
  bool finds_nothing(const std::string& worker) { return !claim_one(*store_, job_, worker); }
  void submit(int count) { job_ = store_->submit(job_of(count)).job_id; }

  JobId job_ = 0;
};
LATHE_FOR_EVERY_STORE(JobStoreLeaseTest);

TEST_P(JobStoreLeaseTest, TasksAreHandedOutInThePlannedOrder) {
  JobSpec spec = job_of(0);
  spec.tasks = {{.input = "short of b", .album = "b", .predicted_cost = 1, .payload_json = "{}"},
                {.input = "long of a", .album = "a", .predicted_cost = 9, .payload_json = "{}"},
                {.input = "long of b", .album = "b", .predicted_cost = 20, .payload_json = "{}"},
                {.input = "c", .album = "c", .predicted_cost = 2, .payload_json = "{}"}};
  job_ = store_->submit(spec).job_id;
  EXPECT_EQ(claim("w").input, "long of b");
  EXPECT_EQ(claim("w").input, "short of b");
  EXPECT_EQ(claim("w").input, "long of a");
  EXPECT_EQ(claim("w").input, "c");
  EXPECT_TRUE(finds_nothing("w"));
}

TEST_P(JobStoreLeaseTest, AClaimLeavesALeaseAndAnAttempt) {
  submit(1);
  const Lease lease = claim("w");
  EXPECT_EQ(lease.id.token, 1);
  EXPECT_EQ(lease.job_id, job_);
  EXPECT_EQ(lease.position, 0);
  EXPECT_EQ(lease.payload_json, "{\"n\":0}");
  EXPECT_EQ(lease.predicted_cost, 100'000.0);
  EXPECT_EQ(lease.expires_ms, clock_.now_ms() + kLeaseMs);
  EXPECT_FALSE(lease.run_alone);
  const auto task = store_->task(lease.id.task_id);
  EXPECT_EQ(task->state, TaskState::kLeased);
  EXPECT_EQ(task->worker_id, "w");
  EXPECT_EQ(task->lease_expires_ms, lease.expires_ms);
  const auto attempts = store_->attempts(lease.id.task_id);
  ASSERT_EQ(attempts.size(), 1u);
  EXPECT_EQ(attempts[0].outcome, AttemptOutcome::kRunning);
  EXPECT_EQ(attempts[0].worker_id, "w");
  EXPECT_EQ(attempts[0].started_ms, clock_.now_ms());
  EXPECT_EQ(store_->lease_holders(job_), std::vector<std::string>{"w"});
}

TEST_P(JobStoreLeaseTest, TokensOfATaskRiseWithEachClaim) {
  submit(1);
  for (int i = 1; i <= 10; ++i) {
    const Lease lease = claim("w");
    EXPECT_EQ(lease.id.token, i);
    if (i % 2 == 0) {
      EXPECT_TRUE(store_->release(lease.id));
    } else {
      EXPECT_EQ(store_->rescue_worker("w", half).size(), 1u);
      clock_.advance(1'000'000);
    }
  }
  EXPECT_EQ(store_->attempts(store_->tasks(job_, {}, -1, 1)[0].id).size(), 10u);
}

TEST_P(JobStoreLeaseTest, AReleasedTaskIsPendingAgainAndNoFailureIsNoted) {
  submit(2);
  const Lease lease = claim("w");
  EXPECT_TRUE(store_->release(lease.id));
  EXPECT_FALSE(store_->release(lease.id));
  EXPECT_EQ(store_->task(lease.id.task_id)->state, TaskState::kPending);
  EXPECT_EQ(store_->task(lease.id.task_id)->history, TaskHistory{});
  EXPECT_EQ(store_->attempts(lease.id.task_id)[0].outcome, AttemptOutcome::kReleased);
  EXPECT_EQ(claim("w").id, (LeaseId{lease.id.task_id, 2}));
}

TEST_P(JobStoreLeaseTest, RenewingMovesTheEndAndNamesWhatIsLost) {
  submit(3);
  const Lease kept = claim("w"), released = claim("w"), others = claim("v");
  store_->release(released.id);
  clock_.advance(20'000);
  EXPECT_EQ(store_->heartbeat("w", {kept.id, released.id, others.id}, kLeaseMs, {}).lost,
            (std::vector{released.id, others.id}));
  EXPECT_EQ(store_->task(kept.id.task_id)->lease_expires_ms, clock_.now_ms() + kLeaseMs);
  EXPECT_EQ(store_->task(others.id.task_id)->lease_expires_ms, others.expires_ms);
}

TEST_P(JobStoreLeaseTest, ALeaseThatExpiredCanBeRenewedUntilItIsRescued) {
  submit(1);
  const Lease lease = claim("w");
  clock_.advance(kLeaseMs + 1);
  EXPECT_TRUE(store_->heartbeat("w", {lease.id}, kLeaseMs, {}).lost.empty());
  EXPECT_TRUE(store_->rescue_expired(half).empty()) << "rescue must look again before it takes";
  clock_.advance(kLeaseMs);
  EXPECT_EQ(store_->rescue_expired(half).size(), 1u);
  EXPECT_EQ(store_->heartbeat("w", {lease.id}, kLeaseMs, {}).lost, std::vector{lease.id});
}

TEST_P(JobStoreLeaseTest, OnlyTheExpiredAreRescued) {
  submit(3);
  const Lease old = claim("w");
  clock_.advance(kLeaseMs - 1);
  EXPECT_TRUE(store_->rescue_expired(half).empty());
  const Lease young = claim("w");
  clock_.advance(1);
  const auto rescued = store_->rescue_expired(half);
  ASSERT_EQ(rescued.size(), 1u);
  EXPECT_EQ(rescued[0].lease, old.id);
  EXPECT_EQ(rescued[0].worker_id, "w");
  EXPECT_EQ(rescued[0].state, TaskState::kRetrying);
  EXPECT_EQ(store_->task(young.id.task_id)->state, TaskState::kLeased);
  const auto task = store_->task(old.id.task_id);
  EXPECT_EQ(task->reason_code, "LEASE_EXPIRED");
  EXPECT_EQ(task->history, (TaskHistory{1, 1, 0, 0}));
  const auto attempts = store_->attempts(old.id.task_id);
  EXPECT_EQ(attempts[0].outcome, AttemptOutcome::kLost);
  EXPECT_EQ(attempts[0].failure_class, FailureClass::kInfra);
}

TEST_P(JobStoreLeaseTest, RescueLeavesWhatWasCommittedMeanwhile) {
  submit(1);
  const Lease lease = claim("w");
  clock_.advance(kLeaseMs + 1);
  EXPECT_EQ(store_->commit(lease.id, done_with("{}")), CommitOutcome::kCommitted) << "nobody had taken it yet";
  EXPECT_TRUE(store_->rescue_expired(half).empty());
  EXPECT_TRUE(store_->rescue_worker("w", half).empty());
  EXPECT_EQ(store_->task(lease.id.task_id)->state, TaskState::kDone);
}

TEST_P(JobStoreLeaseTest, TheLeasesOfADeadWorkerAreRescuedWithoutWaiting) {
  submit(3);
  const Lease a = claim("dead"), b = claim("dead"), other = claim("alive");
  EXPECT_EQ(store_->rescue_worker("dead", half).size(), 2u);
  EXPECT_EQ(store_->task(other.id.task_id)->state, TaskState::kLeased);
  EXPECT_EQ(store_->lease_holders(job_), std::vector<std::string>{"alive"});
  const std::set<TaskId> again{claim("new").id.task_id, claim("new").id.task_id};
  EXPECT_EQ(again, (std::set<TaskId>{a.id.task_id, b.id.task_id})) << "and are there again at once";
}

TEST_P(JobStoreLeaseTest, AFailedTaskIsLeftToOtherWorkersForAWhile) {
  submit(1);
  store_->fail(claim("w").id, FailureClass::kTask, "X", "x", 1.0);
  clock_.advance(1'000);
  EXPECT_TRUE(finds_nothing("w"));
  const Lease at_other = claim("v");
  store_->release(at_other.id);
  const Lease as_only_one = claim("w", true);
  store_->release(as_only_one.id);
  clock_.advance(60'000);
  claim("w");
}

TEST_P(JobStoreLeaseTest, ARetryWaitsForItsTime) {
  submit(2);
  const Lease first = claim("w");
  EXPECT_EQ(store_->fail(first.id, FailureClass::kTask, "X", "x", 1.0).not_before_ms, clock_.now_ms() + 1'000);
  EXPECT_EQ(claim("v").position, 1) << "what waits holds nothing else up";
  EXPECT_TRUE(finds_nothing("v"));
  clock_.advance(999);
  EXPECT_TRUE(finds_nothing("v"));
  clock_.advance(1);
  EXPECT_EQ(claim("v").id, (LeaseId{first.id.task_id, 2}));
}

TEST_P(JobStoreLeaseTest, ATaskThatLostTwoLeasesComesLastAndRunsAlone) {
  submit(4);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(claim("w").position, 0);
    store_->rescue_worker("w", half);
    clock_.advance(100'000);
  }
  const Lease one = claim("w"), two = claim("w"), three = claim("v");
  EXPECT_EQ(one.position, 1);
  EXPECT_EQ(two.position, 2);
  EXPECT_EQ(three.position, 3);
  EXPECT_TRUE(finds_nothing("w")) << "it holds others";
  store_->commit(one.id, done_with("{}"));
  EXPECT_TRUE(finds_nothing("w")) << "it still holds one";
  store_->commit(two.id, done_with("{}"));
  store_->release(three.id);
  const Lease again = claim("v");
  EXPECT_EQ(again.position, 3);
  const Lease alone = claim("w");
  EXPECT_EQ(alone.position, 0);
  EXPECT_TRUE(alone.run_alone);
  EXPECT_EQ(alone.history, (TaskHistory{2, 2, 0, 0}));
  store_->release(again.id);
  EXPECT_TRUE(finds_nothing("w")) << "nothing beside a task that runs alone";
  EXPECT_EQ(claim("v").position, 3);
  store_->commit(alone.id, done_with("{}"));
}

TEST_P(JobStoreLeaseTest, ArgumentsThatNameNobodyAreRefused) {
  submit(1);
  const auto claim_with = [&](ClaimRequest request) { store_->claim(request); };
  EXPECT_THROW(claim_with({.worker_id = "", .kinds = {}, .job = {}, .engine = {}}), std::invalid_argument);
  EXPECT_THROW(claim_with({.worker_id = "\xff", .kinds = {}, .job = {}, .engine = {}}), std::invalid_argument);
  EXPECT_THROW(claim_with({.worker_id = "w", .lease_ms = 0, .kinds = {}, .job = {}, .engine = {}}),
               std::invalid_argument);
  EXPECT_THROW(claim_with({.worker_id = "w", .max_tasks = 0, .kinds = {}, .job = {}, .engine = {}}),
               std::invalid_argument);
  EXPECT_THROW(store_->heartbeat("w", {}, -1, {}), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::scheduler
