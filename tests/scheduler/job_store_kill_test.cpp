// Conformance: a process killed at any point loses nothing that was acknowledged and leaves nothing half-written.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>

#include "tests/scheduler/store_world.h"

namespace lathe::scheduler {
namespace {

class JobStoreKillTest : public JobStoreTest {};
LATHE_FOR_EVERY_STORE(JobStoreKillTest);

// What the child tells: a lease, and how far it is.
struct Note {
  enum Stage : std::int64_t { kClaimed, kAnnounced, kCommitted } stage;
  LeaseId lease;
};

std::string result_of(const LeaseId& lease) { return "{\"token\":" + std::to_string(lease.token) + "}"; }
std::string key_of(const LeaseId& lease) { return "key of " + std::to_string(lease.task_id); }
OutputRecord output_of(const LeaseId& lease) {
  return {"/masters/" + std::to_string(lease.task_id), lease.token, 1, "sha"};
}

// A whole local run: takes over from the one that died, then works until the end, telling each step.
void work(StoreWorld& world, const Clock& clock, int pipe) {
  const auto tell = [pipe](Note::Stage stage, const LeaseId& lease) {
    const Note note{stage, lease};
    if (write(pipe, &note, sizeof note) != sizeof note) _exit(3);
  };
  const auto store = world.open(clock);
  const JobId job = store->submit(job_of(3'000)).job_id;
  store->rescue_worker("w", half);
  while (const auto lease = claim_one(*store, job, "w", true)) {
    tell(Note::kClaimed, lease->id);
    if (!store->announce_outputs(lease->id, {output_of(lease->id)})) _exit(4);
    tell(Note::kAnnounced, lease->id);
    const Commit commit{TaskState::kDone, result_of(lease->id), {{key_of(lease->id), "{}"}}, {output_of(lease->id)}};
    if (store->commit(lease->id, commit) != CommitOutcome::kCommitted) _exit(5);
    tell(Note::kCommitted, lease->id);
  }
}

TEST_P(JobStoreKillTest, NothingAcknowledgedIsLostAndNothingIsHalfWritten) {
  constexpr int kRounds = 20;
  constexpr unsigned kSeed = 20;
  std::mt19937 random(kSeed);
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::map<TaskId, std::int64_t> acknowledged;  // the token with which it was committed
  std::map<TaskId, std::int64_t> highest_token;

  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    store_.reset();  // no connection is carried over the fork
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe[0]);
      try {
        work(*world_, clock_, pipe[1]);
      } catch (...) {
        _exit(6);
      }
      _exit(0);
    }
    close(pipe[1]);
    // Killed after a random step, the next one being under way. Some of the first rounds die while submitting.
    const int steps = round < 3 ? 0 : 1 + static_cast<int>(random() % 60);
    std::vector<Note> notes;
    Note note{};
    while (std::ssize(notes) < steps && read(pipe[0], &note, sizeof note) == sizeof note) notes.push_back(note);
    ASSERT_EQ(std::ssize(notes), steps);
    const unsigned most_spins = steps == 0 ? 20'000'000 : 200'000;  // about 10 ms and 0.1 ms
    for (unsigned spin = static_cast<unsigned>(random() % most_spins); spin > 0; --spin) asm volatile("");
    kill(child, SIGKILL);
    while (read(pipe[0], &note, sizeof note) == sizeof note) notes.push_back(note);
    close(pipe[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;

    for (const Note& told : notes) {
      if (told.stage == Note::kClaimed) {
        std::int64_t& highest = highest_token[told.lease.task_id];
        EXPECT_GT(told.lease.token, highest) << "a token was given out twice";
        highest = told.lease.token;
      }
      if (told.stage == Note::kCommitted) acknowledged[told.lease.task_id] = told.lease.token;
    }
    store_ = world_->open(clock_);
    EXPECT_EQ(store_->check(), std::vector<std::string>{});
    for (const auto& [task, token] : acknowledged) {
      const auto record = store_->task(task);
      ASSERT_TRUE(record) << "task " << task;
      EXPECT_EQ(record->state, TaskState::kDone);
      EXPECT_EQ(record->result_json, result_of({task, token}));
    }
    if (!store_->job_of_request("request")) continue;  // died before anything was there
    for (const TaskRecord& record : store_->tasks(store_->job_of_request("request")->id, {}, -1, 10'000)) {
      const auto known = store_->find_outputs(output_of({record.id, 0}).path);
      const bool is_done = record.state == TaskState::kDone;
      EXPECT_EQ(store_->find_result(key_of({record.id, 0})).has_value(), is_done) << "task " << record.id;
      EXPECT_EQ(!known.empty() && known[0].is_committed, is_done) << "task " << record.id;
      if (is_done && !known.empty()) {
        EXPECT_EQ(known[0].output, output_of({record.id, record.token}));
      }
    }
  }
  EXPECT_FALSE(acknowledged.empty());
  const JobId job = store_->job_of_request("request")->id;
  EXPECT_EQ(store_->jobs({}, INT64_MAX, 10).size(), 1u) << "every run resumed the first job";
  EXPECT_EQ(store_->submit(job_of(3'000)).outcome, SubmitOutcome::kExists);
  EXPECT_EQ(store_->counts(job).total(), 3'000);
  EXPECT_EQ(store_->counts(job).failed + store_->counts(job).quarantined, 0);
}

}  // namespace
}  // namespace lathe::scheduler
