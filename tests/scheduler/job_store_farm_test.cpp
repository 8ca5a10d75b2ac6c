// Conformance: several jobs at once, what a person does with them, and what they are asked.
#include <gmock/gmock.h>

#include <stdexcept>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

using ::testing::ElementsAre;

class JobStoreFarmTest : public JobStoreTest {
 protected:
  void SetUp() override {
    JobStoreTest::SetUp();
    if (store_) enter("w");
  }
  void enter(const std::string& id) {
    store_->register_worker({.id = id, .name = id, .engine = {}, .version = {}, .info_json = {}});
  }
  JobId submit(int count, const std::string& request, int priority = 0, std::optional<std::int64_t> finish_by_ms = {},
               const std::string& space = "main") {
    JobSpec spec = job_of(count, request);
    spec.header.priority = priority;
    spec.header.finish_by_ms = finish_by_ms;
    spec.header.space = space;
    clock_.advance(1);
    return store_->submit(spec).job_id;
  }
  ClaimRequest request(int most = 1, const std::string& worker = "w", const std::string& engine = {}) {
    return {.worker_id = worker, .max_tasks = most, .kinds = {}, .job = {}, .engine = engine};
  }
  // Which job the next claim is served from; 0: none.
  JobId next_job() {
    const auto leases = store_->claim(request());
    return leases.empty() ? 0 : leases[0].job_id;
  }
  void work_off(JobId job) {
    while (const auto lease = claim_one(*store_, job, "w", true)) store_->commit(lease->id, done_with("{}"));
  }
};
LATHE_FOR_EVERY_STORE(JobStoreFarmTest);

TEST_P(JobStoreFarmTest, PriorityThenDeadlineThenAgeDecideWhoIsServed) {
  const JobId old = submit(1, "old"), late = submit(1, "late", 0, 9'000), soon = submit(1, "soon", 0, 5'000),
              urgent = submit(1, "urgent", 10), young = submit(1, "young");
  EXPECT_THAT((std::vector{next_job(), next_job(), next_job(), next_job(), next_job(), next_job()}),
              ElementsAre(urgent, soon, late, old, young, 0));
}

TEST_P(JobStoreFarmTest, SpareTasksAreGivenWhileTheyAreShort) {
  JobSpec spec = job_of(8, "short");
  for (int i = 0; i < 8; ++i) spec.tasks[static_cast<std::size_t>(i)].predicted_cost = i < 6 ? 0.25 : 3;
  store_->submit(spec);
  const auto claimed = [&](int most, int spare) {
    ClaimRequest asks = request(most);
    asks.spare = spare;
    asks.spare_cost = 0.5;
    return store_->claim(asks).size();
  };
  // Longest first.
  EXPECT_EQ(claimed(1, 5), 1U) << "what follows is long";
  EXPECT_EQ(claimed(0, 5), 0U);
  EXPECT_EQ(claimed(1, 1), 2U) << "the other long one, and a short one";
  EXPECT_EQ(claimed(0, 1), 1U);
  EXPECT_EQ(claimed(0, 5), 2U) << "a third would be beyond the cost";
  EXPECT_EQ(claimed(2, 5), 2U) << "all that is left";
}

TEST_P(JobStoreFarmTest, PriorityAndDeadlineCanBeChangedWhileAJobWaits) {
  const JobId first = submit(3, "first"), second = submit(3, "second");
  EXPECT_EQ(next_job(), first);
  EXPECT_TRUE(store_->set_priority(second, 5));
  EXPECT_EQ(next_job(), second);
  EXPECT_TRUE(store_->set_priority(second, 0));
  EXPECT_TRUE(store_->set_deadline(second, 1));
  EXPECT_EQ(next_job(), second);
  EXPECT_TRUE(store_->set_deadline(second, std::nullopt));
  EXPECT_EQ(store_->job(second)->header.finish_by_ms, std::nullopt);
  EXPECT_EQ(next_job(), first);
  EXPECT_THROW(store_->set_priority(first, 1'001), std::invalid_argument);
  store_->cancel(first);
  EXPECT_FALSE(store_->set_priority(first, 1));
  EXPECT_FALSE(store_->set_deadline(999, 1));
}

TEST_P(JobStoreFarmTest, SpacesShareTheWorkersFairly) {
  const JobId a = submit(20, "a", 0, {}, "label a"), b = submit(20, "b", 0, {}, "label b");
  int of_a = 0, of_b = 0;
  for (int i = 0; i < 20; ++i) {
    const JobId job = next_job();
    of_a += job == a;
    of_b += job == b;
  }
  EXPECT_EQ(of_a, 10);
  EXPECT_EQ(of_b, 10);
}

TEST_P(JobStoreFarmTest, OneClaimGivesSeveralTasksAndFillsUpFromTheNextJob) {
  const JobId first = submit(3, "first", 1), second = submit(3, "second");
  const auto leases = store_->claim(request(5));
  ASSERT_EQ(leases.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(leases[i].job_id, i < 3 ? first : second);
    EXPECT_EQ(leases[i].position, static_cast<std::int64_t>(i < 3 ? i : i - 3));
  }
  EXPECT_EQ(store_->claim(request(5)).size(), 1u);
  EXPECT_TRUE(store_->claim(request(5)).empty());
}

TEST_P(JobStoreFarmTest, ATaskThatMustRunAloneIsGivenAlone) {
  const JobId job = submit(3, "r");
  store_->fail(store_->claim(request())[0].id, FailureClass::kCrash, "SIGSEGV", "", 0.0);
  clock_.advance(100'000);
  const auto others = store_->claim(request(5));
  ASSERT_EQ(others.size(), 2u) << "what must run alone comes last";
  EXPECT_TRUE(store_->claim(request(5)).empty());
  for (const Lease& lease : others) store_->commit(lease.id, done_with("{}"));
  submit(3, "next");
  const auto alone = store_->claim(request(5));
  ASSERT_EQ(alone.size(), 1u) << "and before the next job's";
  EXPECT_TRUE(alone[0].run_alone);
  EXPECT_EQ(alone[0].job_id, job);
  EXPECT_TRUE(store_->claim(request(5)).empty());
}

TEST_P(JobStoreFarmTest, AClaimIsServedByKindAndMemory) {
  JobSpec spec = job_of(2, "big");
  spec.tasks[0].memory_bytes = 1'000;
  store_->submit(spec);
  JobSpec audit = job_of(1, "audit");
  audit.header.kind = "audit";
  const JobId audit_job = store_->submit(audit).job_id;
  ClaimRequest small = request();
  small.memory_bytes = 999;
  EXPECT_EQ(store_->claim(small)[0].position, 1);
  ClaimRequest of_audits = request();
  of_audits.kinds = {"audit", "other"};
  EXPECT_EQ(store_->claim(of_audits)[0].job_id, audit_job);
  EXPECT_TRUE(store_->claim(of_audits).empty());
  small.memory_bytes = 1'000;
  EXPECT_EQ(store_->claim(small)[0].position, 0);
}

TEST_P(JobStoreFarmTest, NothingMoreOfAPausedJobIsClaimedAndWhatIsLeasedGoesOn) {
  const JobId job = submit(2, "r");
  const auto held = store_->claim(request());
  EXPECT_FALSE(store_->resume(job));
  EXPECT_TRUE(store_->pause(job));
  EXPECT_FALSE(store_->pause(job));
  EXPECT_EQ(store_->job(job)->state, JobState::kPaused);
  EXPECT_EQ(next_job(), 0);
  EXPECT_FALSE(claim_one(*store_, job, "w"));
  EXPECT_TRUE(store_->heartbeat("w", {held[0].id}, kLeaseMs, {}).lost.empty());
  EXPECT_EQ(store_->commit(held[0].id, done_with("{}")), CommitOutcome::kCommitted);
  EXPECT_TRUE(store_->resume(job));
  const auto last = store_->claim(request());
  store_->pause(job);
  store_->commit(last[0].id, done_with("{}"));
  EXPECT_EQ(store_->job(job)->state, JobState::kSucceeded) << "a paused job ends with its last task";
  EXPECT_FALSE(store_->pause(job));
  const JobId other = submit(2, "other");
  store_->pause(other);
  EXPECT_TRUE(store_->cancel(other));
}

TEST_P(JobStoreFarmTest, FailedTasksAreTriedAgainWhenAPersonSaysSo) {
  const JobId job = submit(4, "r");
  const auto leases = store_->claim(request(4));
  store_->fail(leases[0].id, FailureClass::kPermanent, "BAD", "no", 0.5);
  store_->commit(leases[1].id, done_with("{}"));
  store_->fail(leases[2].id, FailureClass::kPermanent, "BAD", "no", 0.5);
  EXPECT_EQ(store_->retry_failed(job), 2) << "while the job runs";
  EXPECT_EQ(store_->retry_failed(job), 0);
  for (const Lease& lease : store_->claim(request(2))) {
    EXPECT_EQ(lease.history, TaskHistory{});
    EXPECT_EQ(lease.id.token, 2);
    store_->fail(lease.id, FailureClass::kPermanent, "BAD", "no", 0.5);
  }
  store_->commit(leases[3].id, done_with("{}"));
  ASSERT_EQ(store_->job(job)->state, JobState::kSucceededWithFailures);
  EXPECT_EQ(store_->retry_failed(job), 2) << "and after it ended";
  EXPECT_EQ(store_->job(job)->state, JobState::kRunning);
  EXPECT_FALSE(store_->job(job)->finished_ms);
  EXPECT_EQ(store_->attempts(leases[0].id.task_id).size(), 2u) << "its failures are on record";
  work_off(job);
  EXPECT_EQ(store_->job(job)->state, JobState::kSucceeded);
  EXPECT_EQ(store_->retry_failed(job), 0);
  const JobId cancelled = submit(2, "cancelled");
  store_->fail(store_->claim(request())[0].id, FailureClass::kPermanent, "BAD", "no", 0.5);
  store_->cancel(cancelled);
  EXPECT_EQ(store_->retry_failed(cancelled), 0);
}

TEST_P(JobStoreFarmTest, TasksComeInInPiecesAndRepeatingThemIsHarmless) {
  const JobSpec spec = job_of(5);
  const JobId job = store_->create_job(spec.header).job_id;
  EXPECT_EQ(store_->create_job(spec.header).outcome, SubmitOutcome::kExists);
  const std::span tasks(spec.tasks);
  EXPECT_EQ(store_->add_tasks(job, 1, tasks.subspan(1, 1)).outcome, AddOutcome::kGap);
  EXPECT_EQ(store_->add_tasks(job, 0, tasks.first(3)).tasks, 3);
  EXPECT_EQ(store_->job(job)->task_count, 3);
  EXPECT_FALSE(claim_one(*store_, job, "w")) << "it is not sealed";
  EXPECT_EQ(store_->add_tasks(job, 2, tasks.subspan(2, 3)).tasks, 5) << "one was there already";
  EXPECT_EQ(store_->add_tasks(job, 0, tasks).outcome, AddOutcome::kAdded);
  const AddResult conflict = store_->add_tasks(job, 3, tasks.first(1));
  EXPECT_EQ(conflict.outcome, AddOutcome::kConflict);
  EXPECT_NE(conflict.difference.find("task 3"), std::string::npos) << conflict.difference;
  EXPECT_FALSE(store_->seal_job(job, 4));
  EXPECT_TRUE(store_->seal_job(job, 5));
  EXPECT_TRUE(store_->seal_job(job, 5));
  EXPECT_EQ(store_->add_tasks(job, 0, tasks).outcome, AddOutcome::kAdded) << "they are there";
  EXPECT_EQ(store_->add_tasks(job, 5, tasks.first(1)).outcome, AddOutcome::kNotAccepting);
  EXPECT_EQ(store_->add_tasks(job + 1, 0, tasks).outcome, AddOutcome::kUnknown);
  EXPECT_FALSE(store_->seal_job(job + 1, 0));
  EXPECT_EQ(store_->counts(job).pending, 5);
}

TEST_P(JobStoreFarmTest, AnAlbumIsMadeByOneEngine) {
  const JobId job = submit(20, "r");  // albums of ten
  enter("gpu");
  const auto on_cpu = store_->claim(request(1, "w", "cpu"));
  EXPECT_EQ(on_cpu[0].album, "album 0");
  const auto on_gpu = store_->claim(request(1, "gpu", "cuda"));
  EXPECT_EQ(on_gpu[0].album, "album 1") << "the first one is taken";
  store_->commit(on_cpu[0].id, done_with("{}"));
  store_->release(on_gpu[0].id);
  const auto rest = store_->claim(request(30, "w", "cpu"));
  EXPECT_EQ(rest.size(), 19u) << "of the second album nothing came, so it is free again";
  for (const Lease& lease : rest) store_->fail(lease.id, FailureClass::kTask, "X", "x", 0.0);
  const auto again = store_->claim(request(30, "gpu", "cuda"));
  EXPECT_EQ(again.size(), 10u) << "the first album has a track by the other engine";
  for (const Lease& lease : again) EXPECT_EQ(lease.album, "album 1");
  EXPECT_EQ(store_->counts(job).leased, 10);
}

TEST_P(JobStoreFarmTest, TheTallyIsKeptWithEachStep) {
  const JobId job = submit(10, "r");
  const double all = 10 * 100'000.0 - 45;
  EXPECT_DOUBLE_EQ(store_->counts(job).cost_unfinished, all);
  const auto leases = store_->claim(request(4));
  store_->commit(leases[0].id, done_with("{}"));
  store_->commit(leases[1].id, {TaskState::kUnchanged, "{}", {}, {}});
  store_->fail(leases[2].id, FailureClass::kPermanent, "X", "x", 0.5);
  const TaskCounts counts = store_->counts(job);
  EXPECT_EQ(counts.pending, 6);
  EXPECT_EQ(counts.leased, 1);
  EXPECT_EQ(counts.done, 1);
  EXPECT_EQ(counts.unchanged, 1);
  EXPECT_EQ(counts.failed, 1);
  EXPECT_DOUBLE_EQ(counts.cost_ended, 3 * 100'000.0 - 3);
  EXPECT_DOUBLE_EQ(counts.cost_unfinished, all - counts.cost_ended);
  store_->cancel(job);
  EXPECT_EQ(store_->counts(job).cancelled, 7);
  EXPECT_EQ(store_->counts(job).cost_unfinished, 0);
}

TEST_P(JobStoreFarmTest, JobsAndTasksAreListedByFilterAndPage) {
  const JobId a = submit(3, "a"), b = submit(1, "b", 0, {}, "other"), c = submit(3, "c");
  store_->cancel(a);
  const auto ids = [](const std::vector<JobRecord>& jobs) {
    std::vector<JobId> found;
    for (const JobRecord& job : jobs) found.push_back(job.id);
    return found;
  };
  EXPECT_THAT(ids(store_->jobs({}, INT64_MAX, 10)), ElementsAre(c, b, a));
  EXPECT_THAT(ids(store_->jobs({}, INT64_MAX, 2)), ElementsAre(c, b));
  EXPECT_THAT(ids(store_->jobs({}, b, 2)), ElementsAre(a));
  EXPECT_THAT(ids(store_->jobs({"other", {}}, INT64_MAX, 10)), ElementsAre(b));
  EXPECT_THAT(ids(store_->jobs({"main", {JobState::kRunning, JobState::kPaused}}, INT64_MAX, 10)), ElementsAre(c));
  const auto leases = store_->claim(request(2));
  store_->fail(leases[1].id, FailureClass::kPermanent, "X", "x", 0.5);
  const JobId job = leases[1].job_id;
  const auto failed = store_->tasks(job, {{TaskState::kFailed, TaskState::kQuarantined}}, -1, 10);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].id, leases[1].id.task_id);
  EXPECT_TRUE(store_->tasks(job, {{TaskState::kFailed}}, failed[0].position, 10).empty());
}

TEST_P(JobStoreFarmTest, PredictionsLearnFromWhatWasDone) {
  submit(10, "r");
  EXPECT_EQ(store_->measured_cost_ratio("master", "5eed"), std::nullopt);
  for (int i = 0; i < 5; ++i) {
    const auto lease = store_->claim(request());
    clock_.advance(static_cast<std::int64_t>(lease[0].predicted_cost * 2'000));
    store_->commit(lease[0].id, done_with("{}"));
  }
  EXPECT_NEAR(store_->measured_cost_ratio("master", "5eed").value(), 2.0, 1e-6);
  EXPECT_NEAR(store_->measured_cost_ratio("master", "unknown recipe").value(), 2.0, 1e-6) << "by kind";
  EXPECT_EQ(store_->measured_cost_ratio("audit", "unknown recipe"), std::nullopt);
}

TEST_P(JobStoreFarmTest, WhatComesBeforeAJobIsAddedUp) {
  const double one = 100'000.0;
  submit(1, "none");
  submit(1, "soon", 0, 1'000);
  submit(1, "high", 5);
  EXPECT_DOUBLE_EQ(store_->cost_ahead(0, std::nullopt), 3 * one);
  EXPECT_DOUBLE_EQ(store_->cost_ahead(0, 1'000), 2 * one);
  EXPECT_DOUBLE_EQ(store_->cost_ahead(0, 999), one);
  EXPECT_DOUBLE_EQ(store_->cost_ahead(5, std::nullopt), one);
  EXPECT_DOUBLE_EQ(store_->cost_ahead(6, std::nullopt), 0);
}

TEST_P(JobStoreFarmTest, TheLastLinesOfAnAttemptAreKept) {
  submit(1, "r");
  const Lease lease = store_->claim(request())[0];
  EXPECT_TRUE(store_->append_log(lease.id, {"one", "caf\xe9"}));
  std::vector<std::string> many;
  for (int i = 0; i < 499; ++i) many.push_back(std::to_string(i));
  EXPECT_TRUE(store_->append_log(lease.id, many));
  const auto lines = store_->log(lease.id.task_id);
  ASSERT_EQ(lines.size(), 500u);
  EXPECT_EQ(lines[0].text, "caf\xEF\xBF\xBD");
  EXPECT_EQ(lines[499].text, "498");
  EXPECT_EQ(lines[0].token, 1);
  EXPECT_EQ(lines[0].at_ms, clock_.now_ms());
  many.resize(2'000, "x");
  EXPECT_TRUE(store_->append_log(lease.id, many));
  EXPECT_EQ(store_->log(lease.id.task_id).size(), 500u);
  store_->release(lease.id);
  EXPECT_FALSE(store_->append_log(lease.id, {"late"}));
}

TEST_P(JobStoreFarmTest, CallsAreOnRecord) {
  for (int i = 0; i < 3; ++i) {
    store_->note_call({.who = "token:anna",
                       .role = "operator",
                       .method = "CancelJob",
                       .subject = "job " + std::to_string(i),
                       .outcome = "OK"});
  }
  std::vector<CallRecord> calls;
  while (calls.size() < 3) calls = store_->calls(0, 10);
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[1].who, "token:anna");
  EXPECT_EQ(calls[1].subject, "job 1");
  EXPECT_EQ(calls[1].at_ms, clock_.now_ms());
  EXPECT_LT(calls[0].id, calls[1].id);
  EXPECT_EQ(store_->calls(calls[1].id, 10)[0].subject, "job 2");
  EXPECT_EQ(store_->calls(0, 2).size(), 2u);
}

}  // namespace
}  // namespace lathe::scheduler
