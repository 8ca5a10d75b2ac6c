// The store on SQLite after damage that only a crash or a defect does, put there by hand: what it mends, and what its
// audit finds.
#include "scheduler/store/open_job_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "scheduler/store/sqlite_database.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class SqliteJobStoreTest : public testing::Test {
 protected:
  void run(const std::string& sql) { Database(path_, 1'000).run_script(sql); }

  FakeClock clock_;
  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/store.db";
};

TEST_F(SqliteJobStoreTest, ASubmissionThatACrashInterruptedGoesOnWhereItStopped) {
  const auto owner = open_sqlite_store(path_, clock_);
  JobStore& store = *owner;
  const JobId job = store.submit(job_of(2'500)).job_id;
  run("DELETE FROM task WHERE position >= 1000; DELETE FROM event WHERE sequence = 2; UPDATE job SET state = "
      "'ACCEPTING', task_count = 1000; UPDATE job_tally SET n = 1000, cost = (SELECT sum(predicted_cost) FROM task)");
  EXPECT_FALSE(claim_one(store, job, "w")) << "not all of it is there";
  EXPECT_EQ(store.check(), std::vector<std::string>{});
  JobSpec other = job_of(2'500);
  other.tasks[700].input = "other";
  EXPECT_EQ(store.submit(other).outcome, SubmitOutcome::kConflict);
  EXPECT_EQ(store.counts(job).pending, 1'000);
  const SubmitResult again = store.submit(job_of(2'500));
  EXPECT_EQ(again.outcome, SubmitOutcome::kExists);
  EXPECT_EQ(again.job_id, job);
  EXPECT_EQ(store.counts(job).pending, 2'500);
  EXPECT_TRUE(claim_one(store, job, "w"));
  EXPECT_EQ(store.check(), std::vector<std::string>{});
}

TEST_F(SqliteJobStoreTest, ACancellationThatACrashInterruptedHoldsFromTheStartAndIsCompleted) {
  const auto owner = open_sqlite_store(path_, clock_);
  JobStore& store = *owner;
  const JobId job = store.submit(job_of(5)).job_id;
  const auto lease = claim_one(store, job, "w");
  run("UPDATE job SET state = 'CANCELLING'");
  EXPECT_EQ(store.check(), std::vector<std::string>{});
  EXPECT_FALSE(claim_one(store, job, "w"));
  EXPECT_EQ(store.commit(lease->id, done_with("{}")), CommitOutcome::kLost);
  EXPECT_TRUE(store.fail(lease->id, FailureClass::kTask, "X", "x", 0.5).is_lost);
  EXPECT_FALSE(store.release(lease->id));
  EXPECT_FALSE(store.announce_outputs(lease->id, {{"/o", 1, 1, "s"}}));
  EXPECT_EQ(store.heartbeat("w", {lease->id}, kLeaseMs, {}).lost, std::vector{lease->id});
  EXPECT_TRUE(store.rescue_worker("w", half).empty());
  clock_.advance(kLeaseMs);
  EXPECT_TRUE(store.rescue_expired(half).empty());
  EXPECT_EQ(store.job(job)->state, JobState::kCancelled);
  EXPECT_EQ(store.counts(job).cancelled, 5);
  EXPECT_EQ(store.check(), std::vector<std::string>{});
}

TEST_F(SqliteJobStoreTest, TheAuditFindsWhatMustNotBe) {
  const auto owner = open_sqlite_store(path_, clock_);
  JobStore& store = *owner;
  const JobId job = store.submit(job_of(3)).job_id;
  const auto lease = claim_one(store, job, "w");
  ASSERT_EQ(store.commit(lease->id, done_with("{}")), CommitOutcome::kCommitted);
  claim_one(store, job, "w");
  ASSERT_EQ(store.check(), std::vector<std::string>{});
  // Each breaks one thing and is undone.
  const char* breakages[] = {
      "UPDATE job SET task_count = 4",
      "UPDATE job SET state = 'SUCCEEDED', finished_ms = 1",
      "UPDATE job SET finished_ms = 1",
      "DELETE FROM event WHERE sequence = 2",
      "DELETE FROM event WHERE state = 'DONE'",
      "UPDATE task SET token = token + 1 WHERE position = 0",
      "UPDATE attempt SET outcome = 'RUNNING' WHERE outcome = 'COMMITTED'",
      "UPDATE attempt SET outcome = 'COMMITTED' WHERE outcome = 'RUNNING'",
      "UPDATE attempt SET worker_id = 'other' WHERE outcome = 'RUNNING'",
      "UPDATE task SET crashes = 1 WHERE position = 2",
      "UPDATE job_tally SET n = n + 1 WHERE state = 'PENDING'",
      "UPDATE job_tally SET cost = cost + 1 WHERE state = 'DONE'",
      "DELETE FROM job_tally WHERE state = 'LEASED'",
      "INSERT INTO album_engine VALUES (1, X'61', 'cpu', 1)",
      "UPDATE task SET state = 'CANCELLED' WHERE position = 2",
      "INSERT INTO output VALUES (X'2F', 'a', 1, 1, 1, 1, 1), (X'2F', 'b', 1, 1, 1, 1, 1)",
      "PRAGMA foreign_keys = OFF; DELETE FROM job",
  };
  for (const char* breakage : breakages) {
    const std::string copy = folder_.path() + "/broken.db";
    std::filesystem::remove(copy);
    { Database(path_, 1'000).run("VACUUM INTO ?", copy); }
    { Database(copy, 1'000).run_script(breakage); }
    EXPECT_FALSE(open_sqlite_store(copy, clock_)->check().empty()) << breakage;
  }
}

}  // namespace
}  // namespace lathe::scheduler
