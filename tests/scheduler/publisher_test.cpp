// What the publisher reports of a task is what became of it in the store.
#include "scheduler/worker/publisher.h"

#include <gtest/gtest.h>

#include <vector>

#include "scheduler/store/open_job_store.h"
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class PublisherTest : public testing::Test {
 protected:
  PublisherTest() : job_(store_.submit(job_of(1)).job_id) {}
  ~PublisherTest() override { EXPECT_EQ(store_.check(), std::vector<std::string>{}); }

  Lease claim() { return claim_one(store_, job_, "worker").value(); }

  PublishedTask publish(const Lease& lease, bool is_unchanged) {
    std::vector<PublishedTask> ended;
    {
      Publisher publisher(store_, [&ended](const PublishedTask& task) { ended.push_back(task); });
      FinishedTask task;
      task.is_unchanged = is_unchanged;
      task.result_json = "{}";
      task.cache_key = "key";
      task.content_hash = "hash";
      task.input.path = lease.input;
      publisher.publish({lease, std::move(task)});
    }
    EXPECT_EQ(ended.size(), 1u);
    return ended.at(0);
  }

  FakeClock clock_;
  TemporaryFolder folder_;
  std::unique_ptr<JobStore> owner_ = open_sqlite_store(folder_.path() + "/store.db", clock_);
  JobStore& store_ = *owner_;
  JobId job_;
};

TEST_F(PublisherTest, ACommittedTaskIsNotLost) {
  const PublishedTask done = publish(claim(), false);
  EXPECT_FALSE(done.is_lost);
  EXPECT_FALSE(done.failure);
  EXPECT_EQ(store_.task(done.lease.id.task_id)->state, TaskState::kDone);
}

TEST_F(PublisherTest, ATaskWhoseLeaseIsLostIsReportedAsLost) {
  for (const bool is_unchanged : {false, true}) {
    const Lease lease = claim();
    store_.rescue_worker("worker", half);
    clock_.advance(3'600'000);
    const PublishedTask done = publish(lease, is_unchanged);
    EXPECT_TRUE(done.is_lost) << is_unchanged;
    EXPECT_FALSE(done.failure);
    EXPECT_EQ(store_.task(lease.id.task_id)->state, TaskState::kRetrying);
  }
}

TEST_F(PublisherTest, ATaskThatWasCancelledMeanwhileIsReportedAsLost) {
  const Lease lease = claim();
  store_.cancel(job_);
  EXPECT_TRUE(publish(lease, true).is_lost);
}

}  // namespace
}  // namespace lathe::scheduler
