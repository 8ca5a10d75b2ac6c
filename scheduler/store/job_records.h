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
  std::string input;              // path
  std::string album;              // planning key: tasks of one album stay together, and are made by one engine
  double predicted_cost = 0;      // seconds of work, as in plan.h; finite and not negative
  std::string payload_json;       // for the worker; opaque here
  std::int64_t plan_rank = 0;     // order of claiming within the job, least first; equal ranks: by position
  std::int64_t memory_bytes = 0;  // the least memory of a worker that can do it
};

// All of a job but its tasks.
struct JobHeader {
  std::string request_id;      // names the request for good: sent again, it means the same job
  std::string space = "main";  // whose work it is: spaces (customers, labels) share the workers fairly
  std::string kind;            // "master", "audit"
  std::string name;            // for people; may be empty
  std::string out_dir;         // path; empty for an audit
  std::string recipe_json;
  std::string recipe_sha256;
  std::string settings_json;                 // for the worker; opaque here
  std::string submitted_by;                  // who asked for it, as the service authenticated them
  int priority = 0;                          // higher goes first, -1000 to 1000
  std::optional<std::int64_t> finish_by_ms;  // deadline: the earlier goes first among equals in priority
};

struct JobSpec {
  JobHeader header;
  std::vector<TaskSpec> tasks;
};

enum class SubmitOutcome {
  kCreated,
  kExists,    // a job with this request_id and the same header was there, in whatever state
  kConflict,  // a job with this request_id asks for something else; nothing was changed
};
struct SubmitResult {
  SubmitOutcome outcome = SubmitOutcome::kCreated;
  JobId job_id = 0;        // the one created, found, or in the way
  std::int64_t tasks = 0;  // how many tasks it has so far: positions 0 to tasks - 1
  std::string difference;  // for kConflict: a sentence that says what differs
};

enum class AddOutcome {
  kAdded,         // they are there; those that were there already, and are the same, count too
  kGap,           // tasks before `first_position` are missing
  kConflict,      // another task stands at one of the positions
  kNotAccepting,  // the job is sealed and these are not in it, or it was cancelled
  kUnknown,       // no such job
};
struct AddResult {
  AddOutcome outcome = AddOutcome::kAdded;
  std::int64_t tasks = 0;  // how many the job has now
  std::string difference;  // for kConflict
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
  std::int64_t position = 0;  // the task's index among the job's tasks: 0, 1, 2 ...
  std::string input;
  std::string album;
  double predicted_cost = 0;
  std::string payload_json;
  TaskHistory history;     // failures before this attempt
  bool run_alone = false;  // the worker must hold nothing else meanwhile; the store sees to it in claim()
  std::int64_t expires_ms = 0;
};

struct ClaimRequest {
  std::string worker_id;  // registered, and ACTIVE: others get nothing
  std::int64_t lease_ms = 30'000;
  int max_tasks = 1;                      // at most as many
  int spare = 0;                          // and as many more,
  double spare_cost = 0;                  // while the predicted cost of those together is below this
  std::vector<std::string> kinds;         // only jobs of these kinds; none: of all
  std::optional<JobId> job;               // only of this job
  std::string engine;                     // the kind of arithmetic: tasks of one album all go to one engine
  std::int64_t memory_bytes = INT64_MAX;  // tasks that need more are left to others
  // The worker is the only one there is (a local run): it also gets what it failed itself, at once.
  bool sole_worker = false;
};

enum class WorkerState {
  kActive,
  kDraining,     // ends what it holds and gets nothing new
  kQuarantined,  // likewise, for it failed too much; until a person restores it
  kGone,         // said goodbye, or was not heard of for long
};

// What a worker says of itself.
struct WorkerSpec {
  std::string id;      // one life of one worker process
  std::string name;    // stays the same over restarts: "studio-3"
  std::string engine;  // as in ClaimRequest
  std::string version;
  int slots = 1;  // tasks at once
  std::int64_t memory_bytes = 0;
  std::string info_json;  // host, processors, GPUs; opaque here
};

struct WorkerRecord {
  WorkerSpec spec;
  WorkerState state = WorkerState::kActive;
  std::string reason;  // why it is not ACTIVE
  std::int64_t registered_ms = 0;
  std::int64_t seen_ms = 0;  // last heartbeat
  int failure_streak = 0;    // failures since its last commit; those that are PERMANENT do not count
  std::int64_t leases = 0;   // held now
  std::int64_t committed = 0, failed = 0;
  std::string status_json;  // the last heartbeat's: what it works on, its load
};

// What became of a heartbeat.
struct Heartbeat {
  std::vector<LeaseId> lost;                 // it no longer holds these and must stop work on them
  WorkerState state = WorkerState::kActive;  // kGone: it is not known, and must register again under a new id
};

// One mutating call of a person or program, for the record.
struct CallRecord {
  std::int64_t id = 0;     // given by the store, rising
  std::int64_t at_ms = 0;  // given by the store
  std::string who;         // "token:anna", "cert:lathe://worker/studio-3", "local"
  std::string role;
  std::string method;   // "CancelJob"
  std::string subject;  // "job 12"
  std::string outcome;  // a gRPC status name: "OK", "PERMISSION_DENIED"
};

// A line of an attempt's log, on its way into the store.
struct SaidLine {
  std::string text;
  std::int64_t before_ms = 0;  // said so long ago
};

struct LogLine {
  std::int64_t token = 0;  // the attempt
  std::int64_t at_ms = 0;  // given by the store
  std::string text;
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
  std::vector<SaidLine> log = {};     // of the attempt, after what append_log() brought
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
  JobHeader header;
  JobState state = JobState::kAccepting;
  std::int64_t task_count = 0;  // while ACCEPTING, those that are there so far
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> finished_ms;
};

struct JobFilter {
  std::optional<std::string> space;
  std::vector<JobState> states;  // none: all
};

struct TaskFilter {
  std::vector<TaskState> states;  // none: all
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
  std::string result_json;        // for DONE and UNCHANGED
  std::int64_t changed_ms = 0;    // when it came into this state
  std::int64_t memory_bytes = 0;  // workers with less are passed over
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

// A step of a job or of one of its tasks. Sequence numbers of a job rise, may leave gaps, and none is ever added behind
// one that was read already: whoever reads on from the last one seen misses nothing.
struct EventRecord {
  std::int64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::optional<TaskId> task_id;  // none: the job itself
  std::string state;              // the state stepped into
  std::string reason_code;
};

// How many tasks are in each state, and the sum of their predicted costs.
struct TaskCounts {
  std::int64_t pending = 0, leased = 0, retrying = 0, done = 0, unchanged = 0, failed = 0, quarantined = 0,
               cancelled = 0;
  double cost_unfinished = 0, cost_ended = 0;  // predicted, s
  std::int64_t unfinished() const { return pending + leased + retrying; }
  std::int64_t total() const { return unfinished() + done + unchanged + failed + quarantined + cancelled; }
  bool operator==(const TaskCounts&) const = default;
};

}  // namespace lathe::scheduler
