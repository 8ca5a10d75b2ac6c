// What only a store on PostgreSQL must stand: transactions side by side, and a server that dies under it.
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "scheduler/store/open_job_store.h"
#include "scheduler/store/postgres_database.h"
#include "scheduler/store/postgres_engine.h"
#include "scheduler/store/store_error.h"
#include "tests/scheduler/postgres_server.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class PostgresStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = PostgresServer::absence(); !why.empty()) GTEST_SKIP() << why;
    static int tests = 0;
    schema_ = "own_" + std::to_string(++tests);
  }
  std::unique_ptr<JobStore> open(PostgresServer& server, bool is_new = false) {
    if (is_new) server.make_schema(schema_);
    return open_job_store(server.url(schema_), &clock_);
  }

  FakeClock clock_;
  std::string schema_;
};

TEST(PostgresUrlTest, IsShownWithoutItsPassword) {
  EXPECT_EQ(without_password("postgresql://lathe:secret@host/db"), "postgresql://lathe@host/db");
  EXPECT_EQ(without_password("postgresql:///db?user=lathe&password=secret&host=/run"),
            "postgresql:///db?user=lathe&password=&host=/run");
  EXPECT_EQ(without_password("postgresql:///db?sslpassword=a&password=b"), "postgresql:///db?sslpassword=&password=");
  EXPECT_EQ(without_password("postgresql:///db?user=lathe"), "postgresql:///db?user=lathe");
}

TEST_F(PostgresStoreTest, OfTwoThatEndTheLastTasksAtOnceOneEndsTheJob) {
  const auto one = open(PostgresServer::shared(), true), other = open(PostgresServer::shared());
  for (int round = 0; round < 60; ++round) {
    const JobId job = one->submit(job_of(2, std::to_string(round))).job_id;
    const Lease a = *claim_one(*one, job, "a"), b = *claim_one(*other, job, "b");
    std::thread racer([&] { one->commit(a.id, done_with("{}")); });
    if (round % 2 == 0) {
      other->commit(b.id, done_with("{}"));
    } else {
      other->fail(b.id, FailureClass::kPermanent, "X", "x", 0.5);
    }
    racer.join();
    ASSERT_EQ(one->job(job)->state, round % 2 == 0 ? JobState::kSucceeded : JobState::kSucceededWithFailures);
  }
  EXPECT_EQ(one->check(), std::vector<std::string>{});
}

TEST_F(PostgresStoreTest, NothingIsCommittedAfterACancellationHasReturned) {
  const auto one = open(PostgresServer::shared(), true), other = open(PostgresServer::shared());
  for (int round = 0; round < 20; ++round) {
    const JobId job = one->submit(job_of(40, std::to_string(round))).job_id;
    std::atomic<bool> is_cancelled = false;
    std::atomic<int> late = 0, committed = 0;
    std::vector<std::thread> workers;
    for (int w = 0; w < 3; ++w) {
      workers.emplace_back([&, w] {
        while (const auto lease = claim_one(*other, job, "w" + std::to_string(w))) {
          const bool was_cancelled = is_cancelled;
          if (other->commit(lease->id, done_with("{}")) != CommitOutcome::kCommitted) continue;
          ++committed;
          if (was_cancelled) ++late;
        }
      });
    }
    while (committed < round / 2) std::this_thread::yield();
    one->cancel(job);
    const TaskCounts counts = one->counts(job);
    is_cancelled = true;
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(late, 0);
    EXPECT_EQ(one->counts(job), counts) << "it was all over when cancel() returned";
    EXPECT_EQ(counts.unfinished(), 0);
  }
  EXPECT_EQ(one->check(), std::vector<std::string>{});
}

TEST_F(PostgresStoreTest, AReaderWhoGoesOnFromTheLastEventMissesNone) {
  const auto one = open(PostgresServer::shared(), true);
  const JobId job = one->submit(job_of(400)).job_id;
  std::atomic<int> at_work = 4;
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&, w] {
      while (const auto lease = claim_one(*one, job, "w" + std::to_string(w))) one->commit(lease->id, done_with("{}"));
      --at_work;
    });
  }
  std::vector<EventRecord> read;
  const auto started = std::chrono::steady_clock::now();
  while (read.size() < 2 + 2 * 400 + 1 && std::chrono::steady_clock::now() - started < std::chrono::seconds(30)) {
    const auto page = one->events(job, read.empty() ? 0 : read.back().sequence, 7);
    read.insert(read.end(), page.begin(), page.end());
  }
  for (std::thread& worker : workers) worker.join();
  const auto all = events_of(*one, job, 2 + 2 * 400 + 1);
  ASSERT_EQ(read.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(read[i].sequence, all[i].sequence);
    EXPECT_GT(all[i].sequence, i == 0 ? 0 : all[i - 1].sequence);
  }
}

TEST_F(PostgresStoreTest, AServerThatIsKilledAndComesBackLosesNothingAcknowledged) {
  PostgresServer server;
  const auto store = open(server, true);
  const JobId job = store->submit(job_of(3'000)).job_id;
  std::atomic<bool> is_over = false;
  std::atomic<int> unknown = 0;
  std::mutex mutex;
  std::set<TaskId> acknowledged;
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&, w] {
      while (!is_over) {
        try {
          const auto lease = claim_one(*store, job, "w" + std::to_string(w));
          if (!lease) return;
          const CommitOutcome outcome = store->commit(lease->id, done_with("{}"));
          EXPECT_EQ(outcome, CommitOutcome::kCommitted);
          const std::lock_guard lock(mutex);
          acknowledged.insert(lease->id.task_id);
        } catch (const StoreError& error) {
          // Only a claim may be left in the dark.
          EXPECT_TRUE(error.is_outcome_unknown()) << error.what();
          ++unknown;
        }
      }
    });
  }
  for (int round = 1; round <= 3; ++round) {
    while (store->counts(job).done < 150 * round) std::this_thread::yield();
    server.kill();
    server.start();
  }
  while (store->counts(job).done < 600) std::this_thread::yield();
  is_over = true;
  for (std::thread& worker : workers) worker.join();
  for (const TaskId task : acknowledged) EXPECT_EQ(store->task(task)->state, TaskState::kDone);
  EXPECT_EQ(store->counts(job).done, std::ssize(acknowledged));
  EXPECT_LE(store->counts(job).leased, unknown + 4);
  EXPECT_EQ(store->check(), std::vector<std::string>{});
}

TEST_F(PostgresStoreTest, WithoutAClockOfItsOwnTheStoreGoesByTheServers) {
  PostgresServer::shared().make_schema(schema_);
  const auto store = open_job_store(PostgresServer::shared().url(schema_));
  const std::int64_t before = SystemClock().now_ms();
  const std::int64_t now = store->now_ms();
  EXPECT_GE(now, before - 1);
  EXPECT_LE(now, SystemClock().now_ms() + 1);
  const JobId job = store->submit(job_of(1)).job_id;
  EXPECT_GE(store->job(job)->created_ms, now);
}

TEST_F(PostgresStoreTest, AStoreOfANewerLatheIsRefused) {
  open(PostgresServer::shared(), true);
  PostgresConnection(PostgresServer::shared().url(schema_), "it")
      .run_script("INSERT INTO schema_version VALUES (999, '999_future', 0)");
  try {
    open(PostgresServer::shared());
    FAIL() << "it was opened";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.kind(), StoreError::Kind::kNewer);
  }
}

TEST_F(PostgresStoreTest, WhereNobodyAnswersItSaysSoWithoutThePassword) {
  const auto started = std::chrono::steady_clock::now();
  try {
    open_postgres_engine("postgresql://anna:s3cret@localhost:1/nothing", {.patience = std::chrono::milliseconds(200)});
    FAIL() << "it was opened";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.kind(), StoreError::Kind::kUnavailable);
    EXPECT_FALSE(error.is_outcome_unknown());
    EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos) << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(20)) << "its patience is bounded";
}

TEST_F(PostgresStoreTest, TheAuditFindsWhatMustNotBe) {
  const auto store = open(PostgresServer::shared(), true);
  const JobId job = store->submit(job_of(3)).job_id;
  const auto lease = claim_one(*store, job, "w");
  ASSERT_EQ(store->commit(lease->id, done_with("{}")), CommitOutcome::kCommitted);
  claim_one(*store, job, "w");
  ASSERT_EQ(store->check(), std::vector<std::string>{});
  // Each breaks one thing and is mended by the one behind it.
  const char* breakages[][2] = {
      {"UPDATE job SET task_count = 4", "UPDATE job SET task_count = 3"},
      {"UPDATE job_tally SET n = n + 1 WHERE state = 'PENDING'",
       "UPDATE job_tally SET n = n - 1 WHERE state = 'PENDING'"},
      {"UPDATE task SET token = token + 1 WHERE position = 0", "UPDATE task SET token = token - 1 WHERE position = 0"},
      {"UPDATE attempt SET worker_id = 'x' WHERE outcome = 'RUNNING'",
       "UPDATE attempt SET worker_id = 'w' WHERE outcome = 'RUNNING'"},
      {"INSERT INTO album_engine VALUES (1, 'a', 'cpu')", "DELETE FROM album_engine"},
      {"INSERT INTO attempt VALUES (99, 1, 'w', 0)", "DELETE FROM attempt WHERE task_id = 99"},
      {"INSERT INTO event VALUES (1, 4000000000000000, 0, NULL, 'RUNNING')",
       "DELETE FROM event WHERE sequence = 4000000000000000"},
  };
  PostgresConnection by_hand(PostgresServer::shared().url(schema_), "it");
  for (const auto& [breakage, mending] : breakages) {
    by_hand.run_script(breakage);
    EXPECT_FALSE(store->check().empty()) << breakage;
    by_hand.run_script(mending);
    EXPECT_TRUE(store->check().empty()) << mending;
  }
}

}  // namespace
}  // namespace lathe::scheduler
