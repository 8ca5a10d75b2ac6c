// Conformance: what is remembered between jobs.
#include <limits>
#include <stdexcept>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class JobStoreMemoryTest : public JobStoreTest {
 protected:
  Lease claim_new_job() {
    const JobId job = store_->submit(job_of(1, "request " + std::to_string(++jobs_))).job_id;
    return *claim_one(*store_, job, "w");
  }
  std::int64_t long_ago_ns() { return (clock_.now_ms() - 100'000) * 1'000'000; }

  int jobs_ = 0;
};
LATHE_FOR_EVERY_STORE(JobStoreMemoryTest);

TEST_P(JobStoreMemoryTest, ALaterResultReplacesTheOneUnderItsKey) {
  EXPECT_FALSE(store_->find_result("key"));
  store_->commit(claim_new_job().id, {TaskState::kDone, "{}", {{"key", "{\"n\":1}"}}, {}});
  store_->commit(claim_new_job().id, {TaskState::kDone, "{}", {{"key", "{\"n\":2}"}}, {}});
  EXPECT_EQ(store_->find_result("key")->result_json, "{\"n\":2}");
  EXPECT_FALSE(store_->find_result("KEY"));
  EXPECT_THROW(store_->commit(claim_new_job().id, {TaskState::kDone, "{}", {{"", "{}"}}, {}}), std::invalid_argument);
}

TEST_P(JobStoreMemoryTest, AnInputIsKnownOnlyAsLongAsItLooksTheSame) {
  const std::uint64_t great = std::numeric_limits<std::uint64_t>::max() - 1;
  const FileIdentity file{"/in/caf\xe9.wav", 1'000, long_ago_ns(), great, great - 1};
  EXPECT_FALSE(store_->find_input(file));
  EXPECT_TRUE(store_->remember_input(file, "hash"));
  EXPECT_EQ(store_->find_input(file), "hash");
  const auto changed = [&](auto change) {
    FileIdentity other = file;
    change(other);
    return other;
  };
  EXPECT_FALSE(store_->find_input(changed([](FileIdentity& f) { f.path += "x"; })));
  EXPECT_FALSE(store_->find_input(changed([](FileIdentity& f) { ++f.size_bytes; })));
  EXPECT_FALSE(store_->find_input(changed([](FileIdentity& f) { ++f.mtime_ns; })));
  EXPECT_FALSE(store_->find_input(changed([](FileIdentity& f) { ++f.inode; })));
  EXPECT_FALSE(store_->find_input(changed([](FileIdentity& f) { ++f.device; })));
  EXPECT_TRUE(store_->remember_input(changed([](FileIdentity& f) { ++f.mtime_ns; }), "new hash"));
  EXPECT_FALSE(store_->find_input(file)) << "the path is known as it was last";
}

TEST_P(JobStoreMemoryTest, AFileJustWrittenIsNotRememberedSinceAnotherWriteWouldGoUnseen) {
  const FileIdentity young{"/in/a.wav", 1'000, (clock_.now_ms() - 1'999) * 1'000'000, 1, 1};
  EXPECT_FALSE(store_->remember_input(young, "hash"));
  EXPECT_FALSE(store_->find_input(young));
  clock_.advance(1);
  EXPECT_TRUE(store_->remember_input(young, "hash"));
  const FileIdentity from_the_future{"/in/b.wav", 1'000, (clock_.now_ms() + 60'000) * 1'000'000, 1, 1};
  EXPECT_FALSE(store_->remember_input(from_the_future, "hash"));
}

TEST_P(JobStoreMemoryTest, AnnouncedOutputsAreKnownBesideTheCommittedOneUntilTheCommit) {
  const std::string path = "/masters/a\xff.wav";
  const OutputRecord old_file{path, 10, 1, "old"}, new_file{path, 20, 2, "new"};
  EXPECT_TRUE(store_->find_outputs(path).empty());
  const Lease first = claim_new_job();
  EXPECT_TRUE(store_->announce_outputs(first.id, {old_file}));
  ASSERT_EQ(store_->find_outputs(path).size(), 1u);
  EXPECT_FALSE(store_->find_outputs(path)[0].is_committed);
  store_->commit(first.id, {TaskState::kDone, "{}", {}, {old_file}});

  const Lease second = claim_new_job();
  clock_.advance(1);
  EXPECT_TRUE(store_->announce_outputs(second.id, {new_file}));
  auto known = store_->find_outputs(path);
  ASSERT_EQ(known.size(), 2u) << "after a crash either may lie there";
  EXPECT_EQ(known[0].output, old_file);
  EXPECT_TRUE(known[0].is_committed);
  EXPECT_EQ(known[1].output, new_file);
  EXPECT_FALSE(known[1].is_committed);
  EXPECT_EQ(known[1].task_id, second.id.task_id);
  EXPECT_TRUE(store_->announce_outputs(second.id, {old_file})) << "announcing a committed file leaves it committed";
  EXPECT_TRUE(store_->find_outputs(path)[0].is_committed);

  store_->commit(second.id, {TaskState::kDone, "{}", {}, {new_file}});
  known = store_->find_outputs(path);
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(known[0].output, new_file);
  EXPECT_TRUE(known[0].is_committed);
}

TEST_P(JobStoreMemoryTest, EverythingIsThereAfterOpeningAgain) {
  const Lease lease = claim_new_job();
  store_->commit(lease.id, {TaskState::kDone, "{\"r\":1}", {{"key", "{}"}}, {{"/o", 1, 2, "s"}}});
  const FileIdentity file{"/in", 1, long_ago_ns(), 1, 1};
  store_->remember_input(file, "hash");
  store_.reset();
  store_ = world_->open(clock_);
  EXPECT_EQ(store_->task(lease.id.task_id)->result_json, "{\"r\":1}");
  EXPECT_TRUE(store_->find_result("key"));
  EXPECT_EQ(store_->find_input(file), "hash");
  EXPECT_EQ(store_->find_outputs("/o").size(), 1u);
}

}  // namespace
}  // namespace lathe::scheduler
