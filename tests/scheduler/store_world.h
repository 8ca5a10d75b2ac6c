// Where the conformance suite gets its stores from: every kind of store, several on the same data if a test wants so.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "scheduler/store/job_store.h"
#include "tests/scheduler/fake_clock.h"

namespace lathe::scheduler {

// A folder that is gone with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Data of one kind of store, empty at first, gone with its owner.
class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  virtual std::unique_ptr<JobStore> open(const Clock& clock) = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreWorld>()> make_world;
  std::function<std::string()> absence;  // why it cannot be tested here; empty if it can
};
// Those that this test program is for.
std::vector<StoreKind> every_store();
inline std::ostream& operator<<(std::ostream& out, const StoreKind& kind) { return out << kind.name; }

// One store on new data, audited at the end of each test.
class JobStoreTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    if (const std::string why = GetParam().absence(); !why.empty()) GTEST_SKIP() << why;
    world_ = GetParam().make_world();
    store_ = world_->open(clock_);
  }
  void TearDown() override {
    if (!store_) return;
    EXPECT_EQ(store_->check(), std::vector<std::string>{});
  }

  FakeClock clock_;
  std::unique_ptr<StoreWorld> world_;
  std::unique_ptr<JobStore> store_;
};

#define LATHE_FOR_EVERY_STORE(suite)                                         \
  INSTANTIATE_TEST_SUITE_P(Every, suite, ::testing::ValuesIn(every_store()), \
                           [](const auto& tested) { return tested.param.name; })

// A job of `count` tasks in albums of ten, claimed in the order of their positions.
JobSpec job_of(int count, const std::string& request_id = "request");

// The first task that this worker gets of this job, at once; it is registered if need be.
std::optional<Lease> claim_one(JobStore& store, JobId job, const std::string& worker, bool is_sole_worker = false);

// What a worker commits for a task.
Commit done_with(const std::string& result_json);

// The first events of a job, of which there are at least so many: a store may show them a little later, for it shows
// none as long as another could still come in before it.
std::vector<EventRecord> events_of(JobStore& store, JobId job, std::size_t at_least);

inline double half() { return 0.5; }

inline constexpr std::int64_t kLeaseMs = 30'000;

}  // namespace lathe::scheduler
