// The store on SQLite after damage that only a crash or a defect does, put there by hand: what it mends, and what its
// audit finds.
#include "scheduler/store/open_job_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "scheduler/store/migrations.h"
#include "scheduler/store/sqlite_database.h"
#include "scheduler/store/store_error.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class SqliteJobStoreTest : public ::testing::Test {
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
      "INSERT INTO album_engine VALUES (1, X'61', 'cpu')",
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

// A store as the first schema left it: jobs in each state, a task done, one leased, one that failed, and what was
// remembered; one request that was run twice.
constexpr const char* kFirstStore =
    "INSERT INTO job VALUES (1, 'again', 'master', X'2F6DFF', '{}', 'aa', 'SUCCEEDED', 1, 10, 20);"
    "INSERT INTO job VALUES (2, 'again', 'master', X'2F6DFF', '{}', 'aa', 'RUNNING', 3, 30, NULL);"
    "INSERT INTO job VALUES (3, 'half', 'master', X'2F6D', '{}', 'aa', 'ACCEPTING', 9, 40, NULL);"
    "INSERT INTO task (id, job_id, position, plan_rank, input, album, predicted_cost, payload_json, state, token, "
    "worker_id, lease_expires_ms, infra_failures, reason_code, result_json, changed_ms) VALUES "
    "(1, 1, 0, 0, X'2F61FF', X'61', 1.5, '{}', 'DONE', 1, NULL, NULL, 0, '', '{\"r\":1}', 15),"
    "(2, 2, 0, 0, X'2F61', X'61', 1, '{}', 'LEASED', 1, 'w', 1, 0, '', NULL, 35),"
    "(3, 2, 1, 1, X'2F62', X'61', 2, '{}', 'RETRYING', 1, NULL, NULL, 1, 'DISK', NULL, 35),"
    "(4, 2, 2, 2, X'2F63', X'61', 3, '{}', 'PENDING', 0, NULL, NULL, 0, '', NULL, 30),"
    "(5, 3, 0, 0, X'2F64', X'61', 4, '{}', 'PENDING', 0, NULL, NULL, 0, '', NULL, 40);"
    "INSERT INTO attempt (task_id, token, worker_id, started_ms, ended_ms, outcome, failure_class) VALUES "
    "(1, 1, 'w', 11, 15, 'COMMITTED', NULL), (2, 1, 'w', 35, NULL, 'RUNNING', NULL), "
    "(3, 1, 'w', 35, 36, 'FAILED', 'INFRA');"
    "INSERT INTO event VALUES (1, 1, 10, NULL, 'ACCEPTING', ''), (1, 2, 11, NULL, 'RUNNING', ''), "
    "(1, 3, 12, 1, 'LEASED', ''), (1, 4, 15, 1, 'DONE', ''), (1, 5, 20, NULL, 'SUCCEEDED', ''), "
    "(2, 1, 30, NULL, 'ACCEPTING', ''), (2, 2, 31, NULL, 'RUNNING', '');"
    "INSERT INTO cached_result VALUES ('key', '{\"c\":1}', 15);"
    "INSERT INTO output VALUES (X'2F6F', 'sha', 7, 8, 1, 1, 15);";

TEST_F(SqliteJobStoreTest, AStoreOfTheFirstSchemaComesAlongWithAllItHolds) {
  {
    Database database(path_, 1'000);
    migrate(database, schema_migrations().first(1), 5);
    database.run_script(kFirstStore);
  }
  const auto store = open_sqlite_store(path_, clock_);
  EXPECT_EQ(store->check(), std::vector<std::string>{});
  EXPECT_EQ(store->job(1)->state, JobState::kSucceeded);
  EXPECT_EQ(store->job(1)->header.out_dir, "/m\xff");
  EXPECT_EQ(store->job(1)->header.space, "main");
  EXPECT_EQ(store->job_of_request("again")->id, 2) << "the newest keeps the name";
  EXPECT_EQ(store->task(1)->result_json, "{\"r\":1}");
  EXPECT_EQ(store->task(1)->input, "/a\xff");
  EXPECT_EQ(store->counts(2).leased, 1);
  EXPECT_DOUBLE_EQ(store->counts(2).cost_unfinished, 6);
  EXPECT_EQ(store->job(3)->task_count, 1) << "those that are there";
  EXPECT_EQ(store->events(1, 0, 10).size(), 5u);
  EXPECT_EQ(store->attempts(3).size(), 1u);
  EXPECT_TRUE(store->find_result("key"));
  EXPECT_EQ(store->find_outputs("/o").at(0).output.sha256, "sha");
  // And goes on: the old lease is committed, the rest claimed, the half one completed, and keys are watched again.
  EXPECT_EQ(store->commit({2, 1}, done_with("{}")), CommitOutcome::kCommitted);
  while (const auto lease = claim_one(*store, 2, "w", true)) store->commit(lease->id, done_with("{}"));
  EXPECT_EQ(store->job(2)->state, JobState::kSucceeded);
  EXPECT_TRUE(store->seal_job(3, 1));
  EXPECT_EQ(store->submit(job_of(1, "new")).job_id, 4);
  EXPECT_EQ(store->check(), std::vector<std::string>{});
  EXPECT_THROW(run("INSERT INTO task (job_id, position, plan_rank, input, album, predicted_cost, payload_json, "
                   "changed_ms) VALUES (99, 0, 0, X'', X'', 0, '', 0)"),
               StoreError);
}

}  // namespace
}  // namespace lathe::scheduler
