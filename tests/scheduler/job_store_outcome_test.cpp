// Conformance: how attempts end, and that exactly one of them ends a task.
#include <stdexcept>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class JobStoreOutcomeTest : public JobStoreTest {
 protected:
  Lease claim(const std::string& worker) {
    auto lease = claim_one(*store_, job_, worker, true);
    if (!lease) throw std::logic_error("nothing to claim for " + worker);
    return *lease;
  }
  void submit(int count) { job_ = store_->submit(job_of(count)).job_id; }

  JobId job_ = 0;
};
LATHE_FOR_EVERY_STORE(JobStoreOutcomeTest);

TEST_P(JobStoreOutcomeTest, ACommitKeepsResultCacheAndOutputs) {
  submit(1);
  const Lease lease = claim("w");
  clock_.advance(10);
  const OutputRecord output{"/masters/0.wav", 1'000, 77, "abc"};
  EXPECT_EQ(store_->commit(lease.id, {TaskState::kUnchanged, "{\"a\":1}", {{"k1", "{}"}, {"k2", "[]"}}, {output}}),
            CommitOutcome::kCommitted);
  const auto task = store_->task(lease.id.task_id);
  EXPECT_EQ(task->state, TaskState::kUnchanged);
  EXPECT_EQ(task->result_json, "{\"a\":1}");
  EXPECT_EQ(task->changed_ms, clock_.now_ms());
  EXPECT_EQ(task->worker_id, "");
  EXPECT_FALSE(task->lease_expires_ms);
  EXPECT_EQ(store_->find_result("k1")->result_json, "{}");
  EXPECT_EQ(store_->find_result("k2")->result_json, "[]");
  ASSERT_EQ(store_->find_outputs("/masters/0.wav").size(), 1u);
  EXPECT_EQ(store_->find_outputs("/masters/0.wav")[0].output, output);
  EXPECT_TRUE(store_->find_outputs("/masters/0.wav")[0].is_committed);
  const auto attempts = store_->attempts(lease.id.task_id);
  EXPECT_EQ(attempts[0].outcome, AttemptOutcome::kCommitted);
  EXPECT_EQ(attempts[0].ended_ms, clock_.now_ms());
  EXPECT_EQ(store_->job(job_)->state, JobState::kSucceeded);
  EXPECT_EQ(store_->job(job_)->finished_ms, clock_.now_ms());
}

TEST_P(JobStoreOutcomeTest, TheLogOfAnAttemptIsKeptWithItsEnd) {
  submit(1);
  const Lease first = claim("w");
  clock_.advance(1'000);
  EXPECT_TRUE(store_->append_log(first.id, {"before"}));
  store_->fail(first.id, FailureClass::kTask, "X", "x", 0.0, {{"began", 400}, {"caf\xe9", 0}, {"later than now", -5}});
  clock_.advance(60'000);
  const Lease second = claim("w");
  Commit commit = done_with("{}");
  commit.log = {{"mastered", 10}};
  EXPECT_EQ(store_->commit(second.id, commit), CommitOutcome::kCommitted);
  EXPECT_EQ(store_->commit(second.id, commit), CommitOutcome::kRepeated) << "and its lines are not there twice";
  EXPECT_TRUE(store_->fail(first.id, FailureClass::kTask, "X", "x", 0.0, {{"late", 0}}).is_lost);
  const auto lines = store_->log(first.id.task_id);
  ASSERT_EQ(lines.size(), 5u);
  const std::int64_t failed_ms = *store_->attempts(first.id.task_id)[0].ended_ms;
  EXPECT_EQ(lines[0].text, "before");
  EXPECT_EQ(lines[1].text, "began");
  EXPECT_EQ(lines[1].at_ms, failed_ms - 400);
  EXPECT_EQ(lines[2].text, "caf\xEF\xBF\xBD");
  EXPECT_EQ(lines[3].at_ms, failed_ms) << "nothing was said in the future";
  EXPECT_EQ(lines[4].text, "mastered");
  EXPECT_EQ(lines[4].token, second.id.token);
  EXPECT_EQ(lines[4].at_ms, clock_.now_ms() - 10);
}

TEST_P(JobStoreOutcomeTest, AStaleTokenIsRefusedAndWritesNothing) {
  submit(1);
  const Lease stale = claim("slow");
  clock_.advance(kLeaseMs);
  store_->rescue_expired(half);
  const Lease fresh = claim("quick");
  ASSERT_EQ(stale.id.task_id, fresh.id.task_id);
  Commit late = done_with("{\"from\":\"slow\"}");
  late.cache.push_back({"key", "{}"});
  late.outputs.push_back({"/o", 1, 1, "x"});
  EXPECT_EQ(store_->commit(stale.id, late), CommitOutcome::kLost);
  EXPECT_FALSE(store_->announce_outputs(stale.id, late.outputs));
  EXPECT_TRUE(store_->fail(stale.id, FailureClass::kPermanent, "X", "x", 0.5).is_lost);
  EXPECT_FALSE(store_->release(stale.id));
  EXPECT_FALSE(store_->find_result("key"));
  EXPECT_TRUE(store_->find_outputs("/o").empty());
  EXPECT_EQ(store_->task(fresh.id.task_id)->state, TaskState::kLeased);
  EXPECT_EQ(store_->commit(fresh.id, done_with("{\"from\":\"quick\"}")), CommitOutcome::kCommitted);
  EXPECT_EQ(store_->commit(stale.id, late), CommitOutcome::kLost);
  EXPECT_EQ(store_->task(fresh.id.task_id)->result_json, "{\"from\":\"quick\"}");
}

TEST_P(JobStoreOutcomeTest, ATokenThatWasNeverGivenOutIsRefused) {
  submit(1);
  const Lease lease = claim("w");
  EXPECT_EQ(store_->commit({lease.id.task_id, 2}, done_with("{}")), CommitOutcome::kLost);
  EXPECT_EQ(store_->commit({lease.id.task_id, 0}, done_with("{}")), CommitOutcome::kLost);
  EXPECT_EQ(store_->commit({lease.id.task_id + 1, 1}, done_with("{}")), CommitOutcome::kLost);
}

TEST_P(JobStoreOutcomeTest, ACommitRepeatedByItsHolderIsKnownAndWritesNothing) {
  submit(1);
  const Lease lease = claim("w");
  EXPECT_EQ(store_->commit(lease.id, done_with("{\"n\":1}")), CommitOutcome::kCommitted);
  Commit again = done_with("{\"n\":2}");
  again.cache.push_back({"key", "{}"});
  EXPECT_EQ(store_->commit(lease.id, again), CommitOutcome::kRepeated);
  EXPECT_EQ(store_->task(lease.id.task_id)->result_json, "{\"n\":1}");
  EXPECT_FALSE(store_->find_result("key"));
  EXPECT_TRUE(store_->fail(lease.id, FailureClass::kTask, "X", "x", 0.5).is_lost);
}

TEST_P(JobStoreOutcomeTest, OnlyEndsThatAreGoodCanBeCommitted) {
  submit(1);
  const Lease lease = claim("w");
  EXPECT_THROW(store_->commit(lease.id, {TaskState::kFailed, "{}", {}, {}}), std::invalid_argument);
  EXPECT_THROW(store_->commit(lease.id, done_with("\xff")), std::invalid_argument);
  EXPECT_EQ(store_->task(lease.id.task_id)->state, TaskState::kLeased);
}

TEST_P(JobStoreOutcomeTest, ATaskThatKeepsFailingFailsTheThirdTime) {
  submit(2);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const Lease lease = claim("w");
    ASSERT_EQ(lease.position, 0);
    const FailOutcome outcome = store_->fail(lease.id, FailureClass::kTask, "NO_LUCK", "caf\xe9 burnt", 1.0);
    EXPECT_FALSE(outcome.is_lost);
    EXPECT_EQ(outcome.state, attempt < 3 ? TaskState::kRetrying : TaskState::kFailed);
    clock_.advance(60'000);
  }
  const TaskRecord task = store_->tasks(job_, {}, -1, 1)[0];
  EXPECT_EQ(task.state, TaskState::kFailed);
  EXPECT_EQ(task.reason_code, "NO_LUCK");
  EXPECT_EQ(task.message, "caf\xEF\xBF\xBD burnt");
  const auto attempts = store_->attempts(task.id);
  ASSERT_EQ(attempts.size(), 3u);
  for (const AttemptRecord& attempt : attempts) {
    EXPECT_EQ(attempt.outcome, AttemptOutcome::kFailed);
    EXPECT_EQ(attempt.failure_class, FailureClass::kTask);
    EXPECT_EQ(attempt.reason_code, "NO_LUCK");
  }
  EXPECT_EQ(store_->job(job_)->state, JobState::kRunning) << "a bad task does not end the job";
  store_->commit(claim("w").id, done_with("{}"));
  EXPECT_EQ(store_->job(job_)->state, JobState::kSucceededWithFailures);
}

TEST_P(JobStoreOutcomeTest, PermanentFailsAtOnceAndTwoCrashesQuarantine) {
  submit(2);
  EXPECT_EQ(store_->fail(claim("w").id, FailureClass::kPermanent, "UNDECODABLE", "", 0.5).state, TaskState::kFailed);
  EXPECT_EQ(store_->fail(claim("w").id, FailureClass::kCrash, "SIGSEGV", "", 0.5).state, TaskState::kRetrying);
  clock_.advance(60'000);
  const Lease alone = claim("w");
  EXPECT_TRUE(alone.run_alone);
  EXPECT_EQ(store_->fail(alone.id, FailureClass::kCrash, "SIGSEGV", "", 0.5).state, TaskState::kQuarantined);
  EXPECT_EQ(store_->counts(job_).failed, 1);
  EXPECT_EQ(store_->counts(job_).quarantined, 1);
  EXPECT_EQ(store_->job(job_)->state, JobState::kSucceededWithFailures);
}

TEST_P(JobStoreOutcomeTest, ASuccessAfterFailuresLeavesNoReasonBehind) {
  submit(1);
  store_->fail(claim("w").id, FailureClass::kInfra, "DISK_FULL", "no space", 0.0);
  const Lease lease = claim("w");
  EXPECT_EQ(lease.history, (TaskHistory{1, 0, 0, 0}));
  store_->commit(lease.id, done_with("{}"));
  const auto task = store_->task(lease.id.task_id);
  EXPECT_EQ(task->reason_code, "");
  EXPECT_EQ(task->message, "");
  EXPECT_EQ(store_->job(job_)->state, JobState::kSucceeded);
}

TEST_P(JobStoreOutcomeTest, ARandomNumberThatIsNoneChangesNothing) {
  submit(1);
  const Lease lease = claim("w");
  EXPECT_THROW(store_->fail(lease.id, FailureClass::kTask, "X", "x", 2.0), std::invalid_argument);
  EXPECT_EQ(store_->task(lease.id.task_id)->state, TaskState::kLeased);
  EXPECT_EQ(store_->commit(lease.id, done_with("{}")), CommitOutcome::kCommitted);
}

TEST_P(JobStoreOutcomeTest, KillingWorkersAtRandomQuarantinesNothing) {
  submit(40);
  std::uint32_t random = 1;
  const auto next = [&random] { return (random = random * 1'664'525u + 1'013'904'223u) >> 8; };
  while (store_->counts(job_).unfinished() > 0) {
    std::vector<Lease> held;
    while (held.size() < 5) {
      auto lease = claim_one(*store_, job_, "w", true);
      if (!lease) break;
      held.push_back(*lease);
    }
    if (next() % 100 < 40) {
      store_->rescue_worker("w", half);
    } else {
      for (const Lease& lease : held) ASSERT_EQ(store_->commit(lease.id, done_with("{}")), CommitOutcome::kCommitted);
    }
    clock_.advance(600'000);
  }
  EXPECT_EQ(store_->counts(job_).done, 40);
}

}  // namespace
}  // namespace lathe::scheduler
