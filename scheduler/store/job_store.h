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

  // Takes a job in. Repeating it while the job is unfinished resumes that job; after it has finished, it is a new run.
  // Big jobs come in over several transactions: until all of it is there the job is ACCEPTING and nothing of it is
  // claimed; if the submitter dies before, submitting again goes on where it stopped.
  virtual SubmitResult submit(const JobSpec& spec) = 0;

  // Ends a job: whoever holds one of its tasks finds the lease lost. False if it had ended already or is unknown.
  virtual bool cancel(JobId job) = 0;

  // --- the worker's side ---

  // Hands out the first task of the plan that may run now: pending, or retrying and past its time. Leaves a failed task
  // to other workers for a while, and a task that must run alone comes last, to a worker that holds nothing else.
  // Nothing: none may run now (next_ready_ms says when to ask again), the job is not RUNNING, or is unknown.
  virtual std::optional<Lease> claim(JobId job, std::string_view worker_id, std::int64_t lease_ms,
                                     const ClaimFilter& filter = {}) = 0;

  // Moves the end of these leases to lease_ms from now. Returns those the worker no longer holds: it must stop work on
  // them. A lease past its end counts as held until it has been rescued.
  virtual std::vector<LeaseId> renew(std::string_view worker_id, const std::vector<LeaseId>& leases,
                                     std::int64_t lease_ms) = 0;

  // Notes that the worker is about to move these files into place, so that after a crash they are known as Lathe's own.
  // False: the lease is lost, leave everything as it is.
  virtual bool announce_outputs(const LeaseId& lease, const std::vector<OutputRecord>& outputs) = 0;

  // Ends the attempt well: state, result, cache, outputs and event in one transaction, if the lease still holds.
  virtual CommitOutcome commit(const LeaseId& lease, const Commit& commit) = 0;

  // Ends the attempt badly: the retry policy decides what becomes of the task. reason_code is stable and for programs
  // ("DECODE_FAILED"), message is for people. random01 in [0, 1] spreads the retries.
  virtual FailOutcome fail(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
                           std::string_view message, double random01) = 0;

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

  // When claim(), or rescue_expired() before it, may next find something for this worker, if nobody else does anything
  // until then; in the past if something is there. Nothing: not before the worker ends something it holds, or never
  // (counts tells). Others may end the job sooner, so do not sleep on it for longer than a second or so.
  virtual std::optional<std::int64_t> next_ready_ms(JobId job, std::string_view worker_id,
                                                    const ClaimFilter& filter = {}) = 0;

  // --- questions ---

  virtual std::optional<JobRecord> job(JobId job) = 0;
  virtual std::optional<JobRecord> latest_job() = 0;
  // At most `limit` tasks behind the position `after` (-1: from the start), in the order they were submitted.
  virtual std::vector<TaskRecord> tasks(JobId job, std::int64_t after, int limit) = 0;
  virtual std::optional<TaskRecord> task(TaskId task) = 0;
  // Oldest first.
  virtual std::vector<AttemptRecord> attempts(TaskId task) = 0;
  virtual TaskCounts counts(JobId job) = 0;
  // At most `limit` events behind the sequence number `after` (0: from the start).
  virtual std::vector<EventRecord> events(JobId job, std::int64_t after, int limit) = 0;

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
