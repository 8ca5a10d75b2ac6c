// The job store on one SQLite file on a local disk: what a laptop, a workstation or a small farm runs on.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/core/clock.h"
#include "scheduler/core/retry_policy.h"
#include "scheduler/store/job_store.h"
#include "scheduler/store/sqlite_database.h"

namespace lathe::scheduler {

// One connection behind one mutex. SQLite has a single writer at a time anyway and a call takes well under a
// millisecond besides waiting for the disk, so more connections would only wait for each other in SQLite, which
// polls, instead of here, where the next is woken at once; and one connection keeps one warm cache and one set of
// prepared statements. Several stores, in this process or in others, may stand on one file. Do not carry one over
// fork().
class SqliteJobStore final : public JobStore {
 public:
  // Opens or makes the file and brings its schema up to date. The folder must exist. `clock` must outlive the store.
  // Waits up to busy_timeout_ms for other processes. Throws StoreError.
  SqliteJobStore(std::string path, const Clock& clock, const RetryPolicy& policy = {}, int busy_timeout_ms = 30'000);

  SubmitResult submit(const JobSpec& spec) override;
  bool cancel(JobId job) override;

  std::optional<Lease> claim(JobId job, std::string_view worker_id, std::int64_t lease_ms,
                             const ClaimFilter& filter) override;
  std::vector<LeaseId> renew(std::string_view worker_id, const std::vector<LeaseId>& leases,
                             std::int64_t lease_ms) override;
  bool announce_outputs(const LeaseId& lease, const std::vector<OutputRecord>& outputs) override;
  CommitOutcome commit(const LeaseId& lease, const Commit& commit) override;
  FailOutcome fail(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
                   std::string_view message, double random01) override;
  bool release(const LeaseId& lease) override;

  std::vector<Rescued> rescue_expired(const Random01& random01) override;
  std::vector<Rescued> rescue_worker(std::string_view worker_id, const Random01& random01) override;
  std::vector<std::string> lease_holders(JobId job) override;
  std::optional<std::int64_t> next_ready_ms(JobId job, std::string_view worker_id, const ClaimFilter& filter) override;

  std::optional<JobRecord> job(JobId job) override;
  std::optional<JobRecord> latest_job() override;
  std::vector<TaskRecord> tasks(JobId job, std::int64_t after, int limit) override;
  std::optional<TaskRecord> task(TaskId task) override;
  std::vector<AttemptRecord> attempts(TaskId task) override;
  TaskCounts counts(JobId job) override;
  std::vector<EventRecord> events(JobId job, std::int64_t after, int limit) override;

  std::optional<CachedResult> find_result(std::string_view cache_key) override;
  bool remember_input(const FileIdentity& file, std::string_view content_hash) override;
  std::optional<std::string> find_input(const FileIdentity& file) override;
  std::vector<KnownOutput> find_outputs(std::string_view path) override;

  std::vector<std::string> check() override;

 private:
  struct Held {  // a lease that still holds, in a job that runs
    LeaseId lease;
    JobId job_id;
    std::string worker_id;
    TaskHistory history;
  };
  struct Holdings {
    std::int64_t leases = 0;
    bool is_alone = false;  // one of them must run alone
  };

  // All below: with mutex_ held, and inside a transaction if they write.
  std::optional<Held> held(const LeaseId& lease);
  Holdings holdings(std::string_view worker_id);
  std::optional<TaskId> first_ready(JobId job, std::string_view worker_id, std::int64_t now_ms,
                                    const ClaimFilter& filter, bool run_alone);
  void end_attempt(const LeaseId& lease, std::string_view outcome, std::int64_t now_ms,
                   std::optional<std::string_view> failure_class = {}, std::string_view reason_code = {},
                   std::string_view message = {});
  RetryDecision end_badly(const Held& held, const Failure& failure, std::string_view outcome,
                          std::string_view reason_code, std::string_view message, std::int64_t now_ms, double random01);
  std::vector<Rescued> rescue_all(std::optional<std::string_view> worker_id, std::string_view reason_code,
                                  const Random01& random01);
  void insert_output(const OutputRecord& output, TaskId task, bool is_committed, std::int64_t now_ms);
  std::string difference_from(const JobSpec& spec, JobId job);
  std::string difference_from(const TaskSpec& spec, const TaskSpec& stored, std::size_t position);
  void add_event(JobId job, std::optional<TaskId> task, std::string_view state, std::string_view reason_code,
                 std::int64_t now_ms);
  void move_job(JobId job, JobState state, std::int64_t now_ms);
  void end_job_if_all_ended(JobId job, std::int64_t now_ms);
  JobState state_of(JobId job);

  // Takes the mutex itself.
  void complete_cancellation(JobId job);

  const Clock& clock_;
  const RetryPolicy policy_;
  std::mutex mutex_;
  Database database_;
};

// Throws std::invalid_argument, naming `what`, unless the text is UTF-8 without NUL.
void check_text(std::string_view what, std::string_view text);

}  // namespace lathe::scheduler
