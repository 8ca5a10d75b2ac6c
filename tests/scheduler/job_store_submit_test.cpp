// Conformance: taking jobs in, and cancelling them.
#include <stdexcept>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class JobStoreSubmitTest : public JobStoreTest {};
LATHE_FOR_EVERY_STORE(JobStoreSubmitTest);

void work_off(JobStore& store, JobId job) {
  while (const auto lease = claim_one(store, job, "w", true)) {
    ASSERT_EQ(store.commit(lease->id, done_with("{}")), CommitOutcome::kCommitted);
  }
}

TEST_P(JobStoreSubmitTest, WhatWasSubmittedCanBeReadBack) {
  const JobSpec spec = job_of(3);
  const SubmitResult result = store_->submit(spec);
  EXPECT_EQ(result.outcome, SubmitOutcome::kCreated);
  const auto job = store_->job(result.job_id);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->header.request_id, spec.header.request_id);
  EXPECT_EQ(job->header.kind, spec.header.kind);
  EXPECT_EQ(job->header.out_dir, spec.header.out_dir);
  EXPECT_EQ(job->header.recipe_json, spec.header.recipe_json);
  EXPECT_EQ(job->header.recipe_sha256, spec.header.recipe_sha256);
  EXPECT_EQ(job->state, JobState::kRunning);
  EXPECT_EQ(job->task_count, 3);
  EXPECT_EQ(job->created_ms, clock_.now_ms());
  EXPECT_FALSE(job->finished_ms);
  const auto tasks = store_->tasks(result.job_id, {}, -1, 10);
  ASSERT_EQ(tasks.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(tasks[i].position, static_cast<std::int64_t>(i));
    EXPECT_EQ(tasks[i].plan_rank, static_cast<std::int64_t>(i));
    EXPECT_EQ(tasks[i].input, spec.tasks[i].input);
    EXPECT_EQ(tasks[i].album, spec.tasks[i].album);
    EXPECT_EQ(tasks[i].predicted_cost, spec.tasks[i].predicted_cost);
    EXPECT_EQ(tasks[i].payload_json, spec.tasks[i].payload_json);
    EXPECT_EQ(tasks[i].state, TaskState::kPending);
    EXPECT_EQ(tasks[i].token, 0);
  }
}

TEST_P(JobStoreSubmitTest, RepeatingARequestResumesItsUnfinishedJob) {
  const JobId job = store_->submit(job_of(3)).job_id;
  const auto lease = claim_one(*store_, job, "w");
  ASSERT_EQ(store_->commit(lease->id, done_with("{}")), CommitOutcome::kCommitted);
  const std::size_t events = events_of(*store_, job, 4).size();
  const SubmitResult again = store_->submit(job_of(3));
  EXPECT_EQ(again.outcome, SubmitOutcome::kExists);
  EXPECT_EQ(store_->events(job, 0, 100).size(), events) << "nothing happened to the job";
  EXPECT_EQ(again.job_id, job);
  EXPECT_EQ(store_->counts(job).done, 1);
  EXPECT_EQ(store_->counts(job).total(), 3);
}

TEST_P(JobStoreSubmitTest, ARequestIsOneJobForGood) {
  const JobId first = store_->submit(job_of(2)).job_id;
  work_off(*store_, first);
  EXPECT_EQ(store_->submit(job_of(2)).outcome, SubmitOutcome::kExists);
  EXPECT_EQ(store_->submit(job_of(2)).job_id, first);
  EXPECT_EQ(store_->job(first)->state, JobState::kSucceeded);
  const JobId other = store_->submit(job_of(2, "other")).job_id;
  store_->cancel(other);
  EXPECT_EQ(store_->submit(job_of(2, "other")).outcome, SubmitOutcome::kExists);
  EXPECT_EQ(store_->submit(job_of(2, "other")).job_id, other);
  EXPECT_EQ(store_->job_of_request("other")->id, other);
}

TEST_P(JobStoreSubmitTest, ARequestThatAsksForSomethingElseIsAConflictAndChangesNothing) {
  const JobId job = store_->submit(job_of(3)).job_id;
  const auto expect_conflict = [&](const JobSpec& spec, const std::string& word) {
    const SubmitResult result = store_->submit(spec);
    EXPECT_EQ(result.outcome, SubmitOutcome::kConflict) << word;
    EXPECT_EQ(result.job_id, job);
    EXPECT_NE(result.difference.find(word), std::string::npos) << result.difference;
  };
  expect_conflict(job_of(4), "number of tasks");
  JobSpec spec = job_of(3);
  spec.tasks[1].input = "/in/other.wav";
  expect_conflict(spec, "input of task 1");
  spec = job_of(3);
  spec.tasks[2].payload_json = "{}";
  expect_conflict(spec, "payload of task 2");
  spec = job_of(3);
  spec.tasks[0].album = "another";
  expect_conflict(spec, "album of task 0");
  spec = job_of(3);
  spec.header.recipe_sha256 = "0ther";
  expect_conflict(spec, "recipe");
  spec = job_of(3);
  spec.header.out_dir = "/elsewhere";
  expect_conflict(spec, "output folder");
  EXPECT_EQ(store_->counts(job).pending, 3);
  spec = job_of(3);
  for (TaskSpec& task : spec.tasks) task.predicted_cost *= 2;
  EXPECT_EQ(store_->submit(spec).outcome, SubmitOutcome::kExists) << "a prediction is no part of what is asked for";
}

TEST_P(JobStoreSubmitTest, ABigJobComesInWhole) {
  for (int count : {999, 1'000, 1'001, 4'321}) {
    const std::string request = "request " + std::to_string(count);
    const JobId job = store_->submit(job_of(count, request)).job_id;
    EXPECT_EQ(store_->job(job)->state, JobState::kRunning);
    EXPECT_EQ(store_->counts(job).pending, count);
    EXPECT_EQ(store_->submit(job_of(count, request)).outcome, SubmitOutcome::kExists);
    EXPECT_EQ(store_->counts(job).pending, count);
  }
}

TEST_P(JobStoreSubmitTest, AJobWithoutTasksSucceedsAtOnce) {
  const JobId job = store_->submit(job_of(0)).job_id;
  EXPECT_EQ(store_->job(job)->state, JobState::kSucceeded);
  EXPECT_TRUE(store_->job(job)->finished_ms);
  EXPECT_FALSE(claim_one(*store_, job, "w"));
}

TEST_P(JobStoreSubmitTest, TasksAreReadPageByPage) {
  const JobId job = store_->submit(job_of(25)).job_id;
  std::int64_t after = -1, seen = 0;
  for (;;) {
    const auto page = store_->tasks(job, {}, after, 10);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 10u);
    for (const TaskRecord& task : page) EXPECT_EQ(task.position, seen++);
    after = page.back().position;
  }
  EXPECT_EQ(seen, 25);
  EXPECT_EQ(store_->task(store_->tasks(job, {}, 6, 1)[0].id)->position, 7);
}

TEST_P(JobStoreSubmitTest, PathsMayBeAnyBytesAndOtherTextMustBeUtf8) {
  JobSpec spec = job_of(1);
  spec.header.out_dir = "/m\xff\xfe";
  spec.tasks[0].input = "/caf\xe9/\n' \xf0\x9f\x8e\xb5.wav";
  spec.tasks[0].album = "\x80";
  const JobId job = store_->submit(spec).job_id;
  EXPECT_EQ(store_->job(job)->header.out_dir, spec.header.out_dir);
  const auto lease = claim_one(*store_, job, "w");
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->input, spec.tasks[0].input);
  EXPECT_EQ(lease->album, spec.tasks[0].album);
  EXPECT_EQ(store_->submit(spec).outcome, SubmitOutcome::kExists);
  spec.tasks[0].payload_json = "\xff";
  EXPECT_THROW(store_->submit(spec), std::invalid_argument);
  spec = job_of(1, "");
  EXPECT_THROW(store_->submit(spec), std::invalid_argument);
  spec = job_of(1, "r");
  spec.tasks[0].predicted_cost = -1;
  EXPECT_THROW(store_->submit(spec), std::invalid_argument);
}

TEST_P(JobStoreSubmitTest, UnknownJobsAndTasksAreNothing) {
  EXPECT_FALSE(store_->job_of_request("7"));
  EXPECT_FALSE(store_->job(7));
  EXPECT_FALSE(store_->task(7));
  EXPECT_TRUE(store_->tasks(7, {}, -1, 10).empty());
  EXPECT_TRUE(store_->attempts(7).empty());
  EXPECT_TRUE(store_->events(7, 0, 10).empty());
  EXPECT_EQ(store_->counts(7), TaskCounts{});
  EXPECT_FALSE(claim_one(*store_, 7, "w"));
  EXPECT_FALSE(store_->cancel(7));
}

TEST_P(JobStoreSubmitTest, ACancelledJobEndsEveryTaskThatHadNotEnded) {
  const JobId job = store_->submit(job_of(2'500)).job_id;
  const auto done = claim_one(*store_, job, "w");
  ASSERT_EQ(store_->commit(done->id, done_with("{}")), CommitOutcome::kCommitted);
  const auto held = claim_one(*store_, job, "w");
  ASSERT_TRUE(held);
  clock_.advance(5);
  EXPECT_TRUE(store_->cancel(job));
  EXPECT_FALSE(store_->cancel(job));
  EXPECT_EQ(store_->job(job)->state, JobState::kCancelled);
  EXPECT_EQ(store_->job(job)->finished_ms, clock_.now_ms());
  EXPECT_EQ(store_->counts(job).done, 1);
  EXPECT_EQ(store_->counts(job).cancelled, 2'499);
  EXPECT_FALSE(claim_one(*store_, job, "w"));
  EXPECT_EQ(store_->attempts(held->id.task_id)[0].outcome, AttemptOutcome::kCancelled);
}

TEST_P(JobStoreSubmitTest, NothingOfACancelledJobIsCommittedLater) {
  const JobId job = store_->submit(job_of(2)).job_id;
  const auto held = claim_one(*store_, job, "w");
  store_->cancel(job);
  Commit commit = done_with("{}");
  commit.cache.push_back({"key", "{}"});
  EXPECT_EQ(store_->commit(held->id, commit), CommitOutcome::kLost);
  EXPECT_FALSE(store_->find_result("key"));
  EXPECT_TRUE(store_->fail(held->id, FailureClass::kTask, "X", "x", 0.5).is_lost);
  EXPECT_FALSE(store_->release(held->id));
  EXPECT_EQ(store_->heartbeat("w", {held->id}, kLeaseMs, {}).lost, std::vector{held->id});
  EXPECT_EQ(store_->task(held->id.task_id)->state, TaskState::kCancelled);
}

TEST_P(JobStoreSubmitTest, EventsOfAJobRiseAndCanBeReadOnFrom) {
  const JobId job = store_->submit(job_of(1)).job_id;
  const auto lease = claim_one(*store_, job, "w");
  store_->commit(lease->id, done_with("{}"));
  const auto events = events_of(*store_, job, 5);
  ASSERT_EQ(events.size(), 5u);
  const char* states[] = {"ACCEPTING", "RUNNING", "LEASED", "DONE", "SUCCEEDED"};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_GT(events[i].sequence, i == 0 ? 0 : events[i - 1].sequence);
    EXPECT_EQ(events[i].state, states[i]);
  }
  EXPECT_FALSE(events[1].task_id);
  EXPECT_EQ(events[2].task_id, lease->id.task_id);
  EXPECT_EQ(store_->events(job, events[2].sequence, 1)[0].state, "DONE");
}

}  // namespace
}  // namespace lathe::scheduler
