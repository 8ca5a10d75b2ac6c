// The records that go into a job store and come out of it. Times are milliseconds since 1970-01-01 UTC.
// Paths and album keys are any bytes; every other string is UTF-8 (messages are mended, the rest is refused).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/retry_policy.h"
#include "scheduler/core/task_state.h"

namespace lathe::scheduler {

using JobId = std::int64_t;
using TaskId = std::int64_t;

struct TaskSpec {
  std::string input;          // path
  std::string album;          // planning key: tasks of one album stay together
  double predicted_cost = 0;  // as in plan.h
  std::string payload_json;   // for the worker; opaque here
};

struct JobSpec {
  std::string request_id;  // names the request: sent again while the job is unfinished, it means the same job
  std::string kind;        // "master"
  std::string out_dir;     // path
  std::string recipe_json;
  std::string recipe_sha256;
  std::vector<TaskSpec> tasks;
};

enum class SubmitOutcome {
  kCreated,
  kResumed,   // an unfinished job with this request_id and the same tasks was there: it goes on
  kConflict,  // an unfinished job with this request_id asks for something else; nothing was changed
};
struct SubmitResult {
  SubmitOutcome outcome = SubmitOutcome::kCreated;
  JobId job_id = 0;        // the one created, resumed, or in the way
  std::string difference;  // for kConflict: a sentence that says what differs
};

// One claim of one task. Tokens of a task rise with each claim, so an id never stands for two claims.
struct LeaseId {
  TaskId task_id = 0;
  std::int64_t token = 0;
  bool operator==(const LeaseId&) const = default;
};

struct Lease {
  LeaseId id;
  JobId job_id = 0;
  std::int64_t position = 0;  // the task's index in JobSpec::tasks
  std::string input;
  std::string album;
  double predicted_cost = 0;
  std::string payload_json;
  TaskHistory history;     // failures before this attempt
  bool run_alone = false;  // the worker must hold nothing else meanwhile; the store sees to it in claim()
  std::int64_t expires_ms = 0;
};

struct ClaimFilter {
  // The worker is the only one there is (a local run): it also gets what it failed itself, at once.
  bool sole_worker = false;
  // Only tasks of this album.
  std::optional<std::string> album;
};

struct CachedResult {
  std::string cache_key;
  std::string result_json;
};

// A file that Lathe wrote, or is about to move into place.
struct OutputRecord {
  std::string path;
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;
  std::string sha256;
  bool operator==(const OutputRecord&) const = default;
};

struct KnownOutput {
  OutputRecord output;
  TaskId task_id = 0;
  bool is_committed = false;  // false: announced, and its task has not been committed (yet)
};

struct Commit {
  TaskState state = TaskState::kDone;  // kDone or kUnchanged
  std::string result_json;
  std::vector<CachedResult> cache;    // replaces what was kept under the same keys
  std::vector<OutputRecord> outputs;  // what now lies under these paths
};
enum class CommitOutcome {
  kCommitted,
  kRepeated,  // this very lease was committed before (its answer got lost); nothing written, all is well
  kLost,      // the lease is another's by now, or the task was cancelled; nothing written
};

struct FailOutcome {
  bool is_lost = false;                  // as CommitOutcome::kLost
  TaskState state = TaskState::kFailed;  // kRetrying, kFailed or kQuarantined
  std::int64_t not_before_ms = 0;        // for kRetrying
};

// A lease that was taken from its worker, and what became of the task.
struct Rescued {
  LeaseId lease;
  std::string worker_id;
  TaskState state = TaskState::kRetrying;
};

// What a file looked like from outside when its content was hashed.
struct FileIdentity {
  std::string path;
  std::int64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
};

struct JobRecord {
  JobId id = 0;
  std::string request_id;
  std::string kind;
  std::string out_dir;
  std::string recipe_json;
  std::string recipe_sha256;
  JobState state = JobState::kAccepting;
  std::int64_t task_count = 0;  // as submitted; while ACCEPTING, not all of them are there yet
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> finished_ms;
};

struct TaskRecord {
  TaskId id = 0;
  JobId job_id = 0;
  std::int64_t position = 0;
  std::int64_t plan_rank = 0;  // 0 is claimed first
  std::string input;
  std::string album;
  double predicted_cost = 0;
  std::string payload_json;
  TaskState state = TaskState::kPending;
  std::int64_t token = 0;  // claims so far
  std::string worker_id;   // who holds it; empty unless LEASED
  std::optional<std::int64_t> lease_expires_ms;
  std::int64_t not_before_ms = 0;
  bool run_alone = false;
  TaskHistory history;
  std::string reason_code;  // why it failed last; empty once it is done
  std::string message;
  std::string result_json;      // for DONE and UNCHANGED
  std::int64_t changed_ms = 0;  // when it came into this state
};

enum class AttemptOutcome { kRunning, kCommitted, kFailed, kLost, kReleased, kCancelled };

struct AttemptRecord {
  std::int64_t token = 0;
  std::string worker_id;
  std::int64_t started_ms = 0;
  std::optional<std::int64_t> ended_ms;
  AttemptOutcome outcome = AttemptOutcome::kRunning;
  std::optional<FailureClass> failure_class;
  std::string reason_code;
  std::string message;
};

// A step of a job or of one of its tasks. Sequence numbers of a job count 1, 2, 3 without gaps.
struct EventRecord {
  std::int64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::optional<TaskId> task_id;  // none: the job itself
  std::string state;              // the state stepped into
  std::string reason_code;
};

struct TaskCounts {
  std::int64_t pending = 0, leased = 0, retrying = 0, done = 0, unchanged = 0, failed = 0, quarantined = 0,
               cancelled = 0;
  std::int64_t unfinished() const { return pending + leased + retrying; }
  std::int64_t total() const { return unfinished() + done + unchanged + failed + quarantined + cancelled; }
  bool operator==(const TaskCounts&) const = default;
};

}  // namespace lathe::scheduler
