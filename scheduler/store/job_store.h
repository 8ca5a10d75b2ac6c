// The queue and the record of all work: jobs, tasks, leases, results, and what is remembered between jobs.
//
// Every change is one transaction: it is there as a whole and for good when the call returns, or not at all. A store
// may be used from several threads, and several stores may stand on the same data, in several processes. The store's
// own clock decides what has expired. Any call may throw StoreError (the store cannot be used) and
// std::invalid_argument (an argument that no store would take); what a worker must be ready for is returned.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/store/job_records.h"

namespace lathe::scheduler {

// A source of numbers in [0, 1].
using Random01 = std::function<double()>;

class JobStore {
 public:
  virtual ~JobStore() = default;

  // --- jobs ---

  // Takes a job in: its header, then its tasks in pieces, then the seal. Until it is sealed the job is ACCEPTING and
  // nothing of it is claimed; whoever repeats the calls after a crash or a lost answer, goes on where it stopped.
  virtual SubmitResult create_job(const JobHeader& header) = 0;
  // At most 10,000 at once, standing at first_position, first_position + 1 ...; one transaction.
  virtual AddResult add_tasks(JobId job, std::int64_t first_position, std::span<const TaskSpec> tasks) = 0;
  // Says that these were all. The job is RUNNING then, or SUCCEEDED if it has none. False: unknown, or it has not
  // `task_count` tasks. Sealed already with as many, it is true.
  virtual bool seal_job(JobId job, std::int64_t task_count) = 0;

  // All three, for a job that is at hand as a whole. plan_rank is filled in by plan_order().
  SubmitResult submit(const JobSpec& spec);

  // Ends a job: whoever holds one of its tasks finds the lease lost. When it returns, nothing more is committed; a job
  // of more than some ten thousand waiting tasks may be CANCELLING for a while still (rescue_expired() goes on with
  // it). False if it had ended already or is unknown.
  virtual bool cancel(JobId job) = 0;
  // Nothing more of the job is claimed; what is leased goes on. False unless it is RUNNING (resume: PAUSED).
  virtual bool pause(JobId job) = 0;
  virtual bool resume(JobId job) = 0;
  // False for a job that has ended or is unknown.
  virtual bool set_priority(JobId job, int priority) = 0;
  virtual bool set_deadline(JobId job, std::optional<std::int64_t> finish_by_ms) = 0;
  // FAILED and QUARANTINED tasks become PENDING, their failures forgotten but on record; a job that ended with failures
  // is RUNNING again. Returns how many; nothing of a job that was cancelled.
  virtual std::int64_t retry_failed(JobId job) = 0;

  // --- the worker's side ---

  // Makes the worker known, ACTIVE. Repeated with the same id: as if sent once, its state stays. A name that was
  // quarantined stays so under a new id until it is restored.
  virtual WorkerState register_worker(const WorkerSpec& worker) = 0;

  // Hands out what is first in order (order_jobs() in core, then the job's plan) and may run now: pending, or retrying
  // and past its time. Leaves a failed task to other workers for a while, and a task that must run alone comes last, to
  // a worker that holds nothing else, and alone. Empty: none may run now, or the worker is not ACTIVE.
  virtual std::vector<Lease> claim(const ClaimRequest& request) = 0;

  // Notes that the worker lives, and moves the end of its leases to lease_ms from now, but for those it no longer
  // holds. A lease past its end counts as held until it has been rescued.
  virtual Heartbeat heartbeat(std::string_view worker_id, const std::vector<LeaseId>& leases, std::int64_t lease_ms,
                              std::string_view status_json) = 0;

  // Notes that the worker is about to move these files into place, so that after a crash they are known as Lathe's own.
  // False: the lease is lost, leave everything as it is.
  virtual bool announce_outputs(const LeaseId& lease, const std::vector<OutputRecord>& outputs) = 0;

  // Ends the attempt well: state, result, cache, outputs and event in one transaction, if the lease still holds.
  virtual CommitOutcome commit(const LeaseId& lease, const Commit& commit) = 0;

  // Ends the attempt badly: the retry policy decides what becomes of the task. reason_code is stable and for programs
  // ("DECODE_FAILED"), message is for people. random01 in [0, 1] spreads the retries. `log` as in Commit.
  virtual FailOutcome fail(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
                           std::string_view message, double random01, const std::vector<SaidLine>& log = {}) = 0;

  // Gives the task back untouched, for a worker that stops. No failure. False: the lease was lost already.
  virtual bool release(const LeaseId& lease) = 0;

  // --- rescue ---

  // Takes expired leases from their workers, as failures of the class INFRA, and completes cancellations that a crash
  // interrupted. For all jobs. Safe to call from anywhere, any time.
  virtual std::vector<Rescued> rescue_expired(const Random01& random01) = 0;

  // The same for every lease of a worker that is known to be dead, whether expired or not.
  virtual std::vector<Rescued> rescue_worker(std::string_view worker_id, const Random01& random01) = 0;

  // Who holds leases of this job, sorted.
  virtual std::vector<std::string> lease_holders(JobId job) = 0;

  // --- workers, for people and for the scheduler's own care ---

  // False for an unknown worker. QUARANTINED holds for its name too: see register_worker(); ACTIVE lifts that. Who is
  // GONE stays so: its process has ended, or must come back under a new id.
  virtual bool set_worker_state(std::string_view worker_id, WorkerState state, std::string_view reason) = 0;
  // Those not heard of since then become GONE; their leases are left to rescue_expired(). Returns their ids.
  virtual std::vector<std::string> retire_silent_workers(std::int64_t seen_before_ms) = 0;
  virtual std::optional<WorkerRecord> worker(std::string_view worker_id) = 0;
  // By id, at most `limit` behind `after` ("": from the start). Those GONE only with `gone_too`.
  virtual std::vector<WorkerRecord> workers(std::string_view after, int limit, bool gone_too) = 0;

  // --- questions ---

  // The store's own clock, which decides what has expired.
  virtual std::int64_t now_ms() = 0;

  virtual std::optional<JobRecord> job(JobId job) = 0;
  virtual std::optional<JobRecord> job_of_request(std::string_view request_id) = 0;
  // Newest first: at most `limit` with ids below `before` (INT64_MAX: from the newest).
  virtual std::vector<JobRecord> jobs(const JobFilter& filter, JobId before, int limit) = 0;
  // At most `limit` tasks behind the position `after` (-1: from the start), in the order they were submitted.
  virtual std::vector<TaskRecord> tasks(JobId job, const TaskFilter& filter, std::int64_t after, int limit) = 0;
  virtual std::optional<TaskRecord> task(TaskId task) = 0;
  // Oldest first.
  virtual std::vector<AttemptRecord> attempts(TaskId task) = 0;
  // Kept up to date with every change, so its price does not grow with the job.
  virtual TaskCounts counts(JobId job) = 0;
  // How many seconds a second of predicted cost took in the last tasks that were committed under this recipe (or, if
  // too few, of this kind); nothing before there are 5.
  virtual std::optional<double> measured_cost_ratio(std::string_view kind, std::string_view recipe_sha256) = 0;
  // Predicted cost of all that is to be done before a job of this priority and deadline would have its turn, s.
  virtual double cost_ahead(int priority, std::optional<std::int64_t> finish_by_ms) = 0;
  // At most `limit` events behind the sequence number `after` (0: from the start).
  virtual std::vector<EventRecord> events(JobId job, std::int64_t after, int limit) = 0;
  // Of the newest event that can be read; 0: none yet.
  virtual std::int64_t last_sequence(JobId job) = 0;
  // Whether there is an event behind `after`, be it that events() does not show it yet.
  virtual bool has_events_after(JobId job, std::int64_t after) = 0;

  // --- what is said while working, and who asked for what ---

  // Kept: the last 500 lines an attempt. False if the lease is lost.
  virtual bool append_log(const LeaseId& lease, const std::vector<std::string>& lines) = 0;
  virtual std::vector<LogLine> log(TaskId task) = 0;

  virtual void note_call(const CallRecord& call) = 0;
  // At most `limit` behind the id `after` (0: from the start).
  virtual std::vector<CallRecord> calls(std::int64_t after, int limit) = 0;

  // --- what is remembered between jobs ---

  virtual std::optional<CachedResult> find_result(std::string_view cache_key) = 0;

  // Keeps the hash of a file's content. False, and nothing kept, if the file is younger than two seconds: another write
  // within the resolution of its time stamp would go unseen.
  virtual bool remember_input(const FileIdentity& file, std::string_view content_hash) = 0;
  // The hash, if the file looks exactly as it did then.
  virtual std::optional<std::string> find_input(const FileIdentity& file) = 0;

  // What Lathe has written, or may have written, under this path: the committed file first. Anything else found there
  // is someone else's.
  virtual std::vector<KnownOutput> find_outputs(std::string_view path) = 0;

  // --- proof ---

  // Looks for anything that must never be, in the storage and in the records. One sentence a finding; empty is well.
  virtual std::vector<std::string> check() = 0;
};

}  // namespace lathe::scheduler
