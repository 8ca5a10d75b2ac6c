// Conformance: many threads, and several stores on the same data.
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class JobStoreConcurrencyTest : public JobStoreTest {
 protected:
  // Each worker claims until nothing is left and commits every other task, the rest all at the end. Returns every task
  // claimed, as often as it was.
  std::multiset<TaskId> work_off(JobId job, const std::vector<JobStore*>& store_of_worker) {
    std::mutex mutex;
    std::multiset<TaskId> claimed;
    std::vector<std::thread> workers;
    for (std::size_t w = 0; w < store_of_worker.size(); ++w) {
      workers.emplace_back([&, w] {
        JobStore& store = *store_of_worker[w];
        std::vector<LeaseId> mine;
        while (const auto lease = claim_one(store, job, "worker " + std::to_string(w))) {
          mine.push_back(lease->id);
          if (mine.size() % 2 != 0) continue;
          EXPECT_EQ(store.commit(lease->id, done_with("{}")), CommitOutcome::kCommitted);
        }
        for (std::size_t i = 0; i < mine.size(); i += 2) {
          EXPECT_EQ(store.commit(mine[i], done_with("{}")), CommitOutcome::kCommitted);
        }
        const std::lock_guard lock(mutex);
        for (const LeaseId& lease : mine) {
          EXPECT_EQ(lease.token, 1);
          claimed.insert(lease.task_id);
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    return claimed;
  }

  void expect_each_once(JobId job, const std::multiset<TaskId>& claimed, std::size_t count) {
    EXPECT_EQ(claimed.size(), count);
    EXPECT_EQ(std::set<TaskId>(claimed.begin(), claimed.end()).size(), count) << "a task was claimed twice";
    EXPECT_EQ(store_->counts(job).done, static_cast<std::int64_t>(count));
    EXPECT_EQ(store_->job(job)->state, JobState::kSucceeded);
  }
};
LATHE_FOR_EVERY_STORE(JobStoreConcurrencyTest);

TEST_P(JobStoreConcurrencyTest, ThreadsOnOneStoreNeverClaimATaskTwice) {
  const JobId job = store_->submit(job_of(2'000)).job_id;
  expect_each_once(job, work_off(job, std::vector<JobStore*>(6, store_.get())), 2'000);
}

TEST_P(JobStoreConcurrencyTest, StoresOnTheSameDataNeverClaimATaskTwice) {
  const auto second = world_->open(clock_);
  const auto third = world_->open(clock_);
  const JobId job = store_->submit(job_of(2'000)).job_id;
  expect_each_once(job, work_off(job, {store_.get(), second.get(), third.get(), second.get()}), 2'000);
}

TEST_P(JobStoreConcurrencyTest, OfManyCommitsAndRescuesOfOneLeaseExactlyOneWins) {
  const auto second = world_->open(clock_);
  const JobId job = store_->submit(job_of(50)).job_id;
  for (int i = 0; i < 50; ++i) {
    const auto lease = claim_one(*store_, job, "w");
    ASSERT_TRUE(lease);
    clock_.advance(kLeaseMs);
    std::atomic<int> committed = 0, rescued = 0;
    std::vector<std::thread> racers;
    for (JobStore* store : {store_.get(), second.get()}) {
      racers.emplace_back([&, store] {
        if (store->commit(lease->id, done_with("{}")) == CommitOutcome::kCommitted) ++committed;
      });
      racers.emplace_back([&, store] { rescued += static_cast<int>(store->rescue_expired(half).size()); });
    }
    for (std::thread& racer : racers) racer.join();
    EXPECT_EQ(committed + rescued, 1);
    EXPECT_EQ(store_->task(lease->id.task_id)->state, committed == 1 ? TaskState::kDone : TaskState::kRetrying);
  }
}

TEST_P(JobStoreConcurrencyTest, TheSameBigRequestFromManyAtOnceIsOneJob) {
  const auto second = world_->open(clock_);
  std::mutex mutex;
  std::set<JobId> jobs;
  int created = 0;
  std::vector<std::thread> submitters;
  for (int i = 0; i < 8; ++i) {
    submitters.emplace_back([&, i] {
      const SubmitResult result = (i % 2 == 0 ? store_ : second)->submit(job_of(3'500));
      const std::lock_guard lock(mutex);
      jobs.insert(result.job_id);
      created += result.outcome == SubmitOutcome::kCreated ? 1 : 0;
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  EXPECT_EQ(jobs.size(), 1u);
  EXPECT_EQ(created, 1);
  EXPECT_EQ(store_->counts(*jobs.begin()).pending, 3'500);
  EXPECT_EQ(store_->job(*jobs.begin())->state, JobState::kRunning);
}

TEST_P(JobStoreConcurrencyTest, ManyMayOpenNewDataAtOnce) {
  for (int round = 0; round < 5; ++round) {
    const auto world = GetParam().make_world();
    std::vector<std::thread> openers;
    for (int i = 0; i < 6; ++i) {
      openers.emplace_back([&, i] {
        const auto store = world->open(clock_);
        EXPECT_EQ(store->submit(job_of(1, std::to_string(i))).outcome, SubmitOutcome::kCreated);
      });
    }
    for (std::thread& opener : openers) opener.join();
    EXPECT_TRUE(world->open(clock_)->job(6));
  }
}

TEST_P(JobStoreConcurrencyTest, ACancellationDuringWorkLeavesNothingHalfDone) {
  const auto second = world_->open(clock_);
  const JobId job = store_->submit(job_of(1'500)).job_id;
  std::atomic<int> committed = 0;
  std::thread worker([&] {
    for (int i = 0; i < 300; ++i) {
      const auto lease = claim_one(*second, job, "w");
      if (!lease) return;
      if (second->commit(lease->id, done_with("{}")) == CommitOutcome::kCommitted) ++committed;
    }
  });
  while (store_->counts(job).done < 20) std::this_thread::yield();
  EXPECT_TRUE(store_->cancel(job));
  worker.join();
  EXPECT_EQ(store_->counts(job).done, committed);
  EXPECT_EQ(store_->counts(job).done + store_->counts(job).cancelled, 1'500);
}

}  // namespace
}  // namespace lathe::scheduler
