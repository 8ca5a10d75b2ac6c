// Conformance: the workers' register, and whose fault failures are.
#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class JobStoreWorkerTest : public JobStoreTest {
 protected:
  WorkerState enter(const std::string& id, const std::string& name) {
    return store_->register_worker(
        {.id = id, .name = name, .engine = "cpu", .version = "1", .slots = 2, .memory_bytes = 7, .info_json = "{}"});
  }
  std::vector<Lease> claim(const std::string& id) {
    return store_->claim({.worker_id = id, .kinds = {}, .job = {}, .engine = {}, .sole_worker = true});
  }
  void fail_once(const std::string& id, FailureClass failure_class) {
    const auto lease = claim(id);
    ASSERT_EQ(lease.size(), 1u) << id << " gets nothing";
    store_->fail(lease[0].id, failure_class, "X", "x", 0.0);
  }
  WorkerState state_of(const std::string& id) { return store_->worker(id)->state; }
};
LATHE_FOR_EVERY_STORE(JobStoreWorkerTest);

TEST_P(JobStoreWorkerTest, AWorkerIsKnownAsItSaidAndCountsItsWork) {
  store_->submit(job_of(3));
  EXPECT_FALSE(store_->worker("a"));
  EXPECT_EQ(enter("a", "studio-1"), WorkerState::kActive);
  const auto first = claim("a"), second = claim("a");
  store_->commit(first[0].id, done_with("{}"));
  clock_.advance(5);
  store_->heartbeat("a", {second[0].id}, kLeaseMs, "{\"load\":1}");
  const WorkerRecord worker = *store_->worker("a");
  EXPECT_EQ(worker.spec.name, "studio-1");
  EXPECT_EQ(worker.spec.engine, "cpu");
  EXPECT_EQ(worker.spec.slots, 2);
  EXPECT_EQ(worker.spec.memory_bytes, 7);
  EXPECT_EQ(worker.leases, 1);
  EXPECT_EQ(worker.committed, 1);
  EXPECT_EQ(worker.failed, 0);
  EXPECT_EQ(worker.seen_ms, clock_.now_ms());
  EXPECT_EQ(worker.registered_ms, clock_.now_ms() - 5);
  EXPECT_EQ(worker.status_json, "{\"load\":1}");
}

TEST_P(JobStoreWorkerTest, OnlyTheRegisteredAndActiveGetWork) {
  store_->submit(job_of(5));
  EXPECT_TRUE(claim("stranger").empty());
  enter("a", "a");
  const auto held = claim("a");
  ASSERT_EQ(held.size(), 1u);
  for (const WorkerState state : {WorkerState::kDraining, WorkerState::kQuarantined}) {
    EXPECT_TRUE(store_->set_worker_state("a", state, "because"));
    EXPECT_TRUE(claim("a").empty());
    EXPECT_EQ(store_->heartbeat("a", {held[0].id}, kLeaseMs, {}).state, state);
    EXPECT_TRUE(store_->heartbeat("a", {held[0].id}, kLeaseMs, {}).lost.empty()) << "it ends what it holds";
    EXPECT_EQ(store_->worker("a")->reason, "because");
  }
  EXPECT_EQ(enter("a", "a"), WorkerState::kQuarantined) << "saying it again changes nothing";
  EXPECT_TRUE(store_->set_worker_state("a", WorkerState::kActive, "looked at"));
  EXPECT_EQ(store_->worker("a")->reason, "");
  EXPECT_EQ(claim("a").size(), 1u);
  EXPECT_FALSE(store_->set_worker_state("nobody", WorkerState::kActive, ""));
}

TEST_P(JobStoreWorkerTest, QuarantineStaysWithTheNameUntilItIsRestored) {
  enter("life 1", "studio-1");
  store_->set_worker_state("life 1", WorkerState::kQuarantined, "burnt");
  EXPECT_EQ(enter("life 2", "studio-1"), WorkerState::kQuarantined);
  EXPECT_EQ(store_->worker("life 2")->reason, "burnt");
  EXPECT_EQ(enter("other", "studio-2"), WorkerState::kActive);
  store_->set_worker_state("life 2", WorkerState::kActive, "");
  EXPECT_EQ(enter("life 3", "studio-1"), WorkerState::kActive);
}

TEST_P(JobStoreWorkerTest, WhoIsGoneStaysGoneAndItsNameIsRestoredAllTheSame) {
  enter("life 1", "studio-1");
  store_->set_worker_state("life 1", WorkerState::kQuarantined, "burnt");
  store_->set_worker_state("life 1", WorkerState::kGone, "it has ended");
  EXPECT_TRUE(store_->set_worker_state("life 1", WorkerState::kQuarantined, "a late word"));
  EXPECT_EQ(state_of("life 1"), WorkerState::kGone);
  EXPECT_TRUE(store_->set_worker_state("life 1", WorkerState::kActive, ""));
  EXPECT_EQ(state_of("life 1"), WorkerState::kGone) << "nobody is there to take work";
  EXPECT_EQ(store_->worker("life 1")->reason, "it has ended");
  EXPECT_EQ(enter("life 2", "studio-1"), WorkerState::kActive);
}

TEST_P(JobStoreWorkerTest, AWorkerThatFailsWhereAnotherWorksIsQuarantined) {
  store_->submit(job_of(30));
  enter("bad", "studio-bad");
  enter("good", "studio-good");
  for (int i = 0; i < 4; ++i) fail_once("bad", FailureClass::kTask);
  for (int i = 0; i < 3; ++i) fail_once("bad", FailureClass::kPermanent);
  EXPECT_EQ(state_of("bad"), WorkerState::kActive) << "what cannot be read is not its fault";
  EXPECT_EQ(store_->worker("bad")->failure_streak, 4);
  fail_once("bad", FailureClass::kInfra);
  EXPECT_EQ(state_of("bad"), WorkerState::kQuarantined);
  EXPECT_EQ(store_->worker("bad")->failed, 8);
  EXPECT_FALSE(store_->worker("bad")->reason.empty());
  EXPECT_TRUE(claim("bad").empty());
  EXPECT_EQ(enter("bad again", "studio-bad"), WorkerState::kQuarantined);
  EXPECT_EQ(claim("good").size(), 1u);
}

TEST_P(JobStoreWorkerTest, ACommitEndsAStreak) {
  store_->submit(job_of(30));
  enter("a", "a");
  enter("b", "b");
  for (int i = 0; i < 4; ++i) fail_once("a", FailureClass::kTask);
  store_->commit(claim("a")[0].id, done_with("{}"));
  for (int i = 0; i < 4; ++i) fail_once("a", FailureClass::kTask);
  EXPECT_EQ(state_of("a"), WorkerState::kActive);
}

TEST_P(JobStoreWorkerTest, WhereAllFailNobodyIsQuarantined) {
  store_->submit(job_of(60));
  enter("a", "a");
  for (int i = 0; i < 6; ++i) fail_once("a", FailureClass::kInfra);
  EXPECT_EQ(state_of("a"), WorkerState::kActive) << "it is the only one";
  enter("b", "b");
  store_->set_worker_state("b", WorkerState::kDraining, "");
  fail_once("a", FailureClass::kInfra);
  EXPECT_EQ(state_of("a"), WorkerState::kActive) << "the other one does not work";
  store_->set_worker_state("b", WorkerState::kActive, "");
  store_->set_worker_state("a", WorkerState::kDraining, "");
  for (int i = 0; i < 3; ++i) fail_once("b", FailureClass::kInfra);
  store_->set_worker_state("a", WorkerState::kActive, "");
  for (int i = 0; i < 6; ++i) fail_once("a", FailureClass::kInfra);
  EXPECT_EQ(state_of("a"), WorkerState::kActive) << "the other one fails too";
}

TEST_P(JobStoreWorkerTest, LostLeasesAreNotHeldAgainstAWorker) {
  store_->submit(job_of(30));
  enter("a", "a");
  enter("b", "b");
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(claim("a").size(), 1u);
    store_->rescue_worker("a", half);
  }
  EXPECT_EQ(state_of("a"), WorkerState::kActive);
  EXPECT_EQ(store_->worker("a")->failure_streak, 0);
}

TEST_P(JobStoreWorkerTest, TheSilentAreRetiredAndMustComeBackUnderANewId) {
  store_->submit(job_of(2));
  enter("quiet", "q");
  enter("lively", "l");
  const auto held = claim("quiet");
  clock_.advance(60'000);
  store_->heartbeat("lively", {}, kLeaseMs, {});
  EXPECT_EQ(store_->retire_silent_workers(clock_.now_ms() - 30'000), std::vector<std::string>{"quiet"});
  EXPECT_TRUE(store_->retire_silent_workers(clock_.now_ms() - 30'000).empty());
  EXPECT_EQ(state_of("quiet"), WorkerState::kGone);
  const Heartbeat answer = store_->heartbeat("quiet", {held[0].id}, kLeaseMs, {});
  EXPECT_EQ(answer.state, WorkerState::kGone);
  EXPECT_EQ(answer.lost, std::vector{held[0].id});
  EXPECT_EQ(store_->heartbeat("never there", {}, kLeaseMs, {}).state, WorkerState::kGone);
  EXPECT_EQ(store_->rescue_expired(half).size(), 1u) << "its leases are rescued when they expire";
}

TEST_P(JobStoreWorkerTest, WorkersAreListedPageByPage) {
  for (const char* id : {"c", "a", "b", "d"}) enter(id, id);
  store_->set_worker_state("b", WorkerState::kGone, "bye");
  const auto ids = [](const std::vector<WorkerRecord>& workers) {
    std::string text;
    for (const WorkerRecord& worker : workers) text += worker.spec.id;
    return text;
  };
  EXPECT_EQ(ids(store_->workers("", 2, false)), "ac");
  EXPECT_EQ(ids(store_->workers("c", 2, false)), "d");
  EXPECT_EQ(ids(store_->workers("", 10, true)), "abcd");
}

}  // namespace
}  // namespace lathe::scheduler
