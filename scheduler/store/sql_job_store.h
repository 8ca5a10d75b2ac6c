// The job store on an SQL engine: SQLite for one machine, PostgreSQL for a farm. One text for both.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "scheduler/core/clock.h"
#include "scheduler/core/job_order.h"
#include "scheduler/core/retry_policy.h"
#include "scheduler/store/fresh_front.h"
#include "scheduler/store/job_store.h"
#include "scheduler/store/sql_transaction.h"

namespace lathe::scheduler {

// On PostgreSQL transactions run side by side, READ COMMITTED. What makes that sound:
// - Whoever changes a task holds its row's lock and has read its state and its job's under it.
// - A cancellation first sets the job CANCELLING, then takes the lock of each of its tasks: whoever saw the job RUNNING
//   before has ended by then, or finds its task cancelled.
// - A job ends in the transaction of its last task. Who finds no task waiting locks the job's row and looks again with
//   a new statement: of two that end the last two tasks at once, the later one to get the lock sees both.
class SqlJobStore final : public JobStore {
 public:
  // `clock`: none: the engine's own. Must outlive the store.
  SqlJobStore(std::unique_ptr<SqlEngine> engine, const Clock* clock, const RetryPolicy& policy);

  SubmitResult create_job(const JobHeader& header) override;
  AddResult add_tasks(JobId job, std::int64_t first_position, std::span<const TaskSpec> tasks) override;
  bool seal_job(JobId job, std::int64_t task_count) override;
  bool cancel(JobId job) override;
  bool pause(JobId job) override;
  bool resume(JobId job) override;
  bool set_priority(JobId job, int priority) override;
  bool set_deadline(JobId job, std::optional<std::int64_t> finish_by_ms) override;
  std::int64_t retry_failed(JobId job) override;

  WorkerState register_worker(const WorkerSpec& worker) override;
  std::vector<Lease> claim(const ClaimRequest& request) override;
  Heartbeat heartbeat(std::string_view worker_id, const std::vector<LeaseId>& leases, std::int64_t lease_ms,
                      std::string_view status_json) override;
  bool announce_outputs(const LeaseId& lease, const std::vector<OutputRecord>& outputs) override;
  CommitOutcome commit(const LeaseId& lease, const Commit& commit) override;
  FailOutcome fail(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
                   std::string_view message, double random01, const std::vector<SaidLine>& log) override;
  bool release(const LeaseId& lease) override;

  std::vector<Rescued> rescue_expired(const Random01& random01) override;
  std::vector<Rescued> rescue_worker(std::string_view worker_id, const Random01& random01) override;
  std::vector<std::string> lease_holders(JobId job) override;

  bool set_worker_state(std::string_view worker_id, WorkerState state, std::string_view reason) override;
  std::vector<std::string> retire_silent_workers(std::int64_t seen_before_ms) override;
  std::optional<WorkerRecord> worker(std::string_view worker_id) override;
  std::vector<WorkerRecord> workers(std::string_view after, int limit, bool gone_too) override;

  std::int64_t now_ms() override;
  std::optional<JobRecord> job(JobId job) override;
  std::optional<JobRecord> job_of_request(std::string_view request_id) override;
  std::vector<JobRecord> jobs(const JobFilter& filter, JobId before, int limit) override;
  std::vector<TaskRecord> tasks(JobId job, const TaskFilter& filter, std::int64_t after, int limit) override;
  std::optional<TaskRecord> task(TaskId task) override;
  std::vector<AttemptRecord> attempts(TaskId task) override;
  TaskCounts counts(JobId job) override;
  std::optional<double> measured_cost_ratio(std::string_view kind, std::string_view recipe_sha256) override;
  double cost_ahead(int priority, std::optional<std::int64_t> finish_by_ms) override;
  std::vector<EventRecord> events(JobId job, std::int64_t after, int limit) override;
  std::int64_t last_sequence(JobId job) override;
  bool has_events_after(JobId job, std::int64_t after) override;

  bool append_log(const LeaseId& lease, const std::vector<std::string>& lines) override;
  std::vector<LogLine> log(TaskId task) override;
  void note_call(const CallRecord& call) override;
  std::vector<CallRecord> calls(std::int64_t after, int limit) override;

  std::optional<CachedResult> find_result(std::string_view cache_key) override;
  bool remember_input(const FileIdentity& file, std::string_view content_hash) override;
  std::optional<std::string> find_input(const FileIdentity& file) override;
  std::vector<KnownOutput> find_outputs(std::string_view path) override;

  std::vector<std::string> check() override;

 private:
  struct Held {  // a lease that still holds, in a job that runs or is paused
    LeaseId lease;
    JobId job_id = 0;
    std::string worker_id;
    TaskHistory history;
    double cost = 0;
    std::string album, engine;
  };
  // May the work be done again when it is not known whether it was done?
  enum class Repeat { kHarmless, kNever };

  // Calls work(SqlTransaction&, bool may_be_done) until it went through undisturbed; the last argument says that an
  // earlier try may have been committed.
  template <class Work>
  auto write(Repeat repeat, Work work);
  // Calls work(SqlTransaction&) on one state of all data.
  template <class Work>
  auto read(Work work);
  // Calls work(SqlConnection&) without a transaction: for a single question.
  template <class Work>
  auto ask(Work work);

  static std::optional<Held> held(SqlTransaction& transaction, const LeaseId& lease);
  static std::vector<JobDemand> candidates(SqlTransaction& transaction, const ClaimRequest& request);
  struct Ready {
    Lease lease;
    std::int64_t plan_rank = 0;
    TaskState state = TaskState::kPending;
  };
  enum class Waiting { kFresh, kReturned, kReturnedAlone };
  static std::vector<Ready> find_ready(SqlTransaction& transaction, JobId job, const ClaimRequest& request,
                                       Waiting waiting, std::int64_t from_rank, int most);
  static void drop_what_is_too_long(std::vector<Ready>& ready, const ClaimRequest& request,
                                    const std::vector<Lease>& leases);
  void claim_of_job(SqlTransaction& transaction, JobId job, const ClaimRequest& request, bool run_alone,
                    std::vector<Lease>& leases);
  static void pin_album(SqlTransaction& transaction, const Lease& lease, const std::string& engine);
  static void unpin_album(SqlTransaction& transaction, const Held& held);
  static void end_attempt(SqlTransaction& transaction, const LeaseId& lease, std::string_view outcome,
                          std::optional<std::string_view> failure_class = {}, std::string_view reason_code = {},
                          std::string_view message = {});
  RetryDecision end_badly(SqlTransaction& transaction, const Held& held, const Failure& failure,
                          std::string_view outcome, std::string_view reason_code, std::string_view message,
                          double random01);
  static void note_worker_failure(SqlTransaction& transaction, const Held& held, FailureClass failure_class,
                                  std::string_view reason_code);
  std::vector<Rescued> rescue_all(std::optional<std::string_view> worker_id, std::string_view reason_code,
                                  const Random01& random01);
  static void add_log(SqlTransaction& transaction, const LeaseId& lease, const std::vector<SaidLine>& log);
  static void insert_output(SqlTransaction& transaction, const OutputRecord& output, TaskId task, bool is_committed);
  static void move_job(SqlTransaction& transaction, JobId job, JobState state);
  static void end_job_if_all_ended(SqlTransaction& transaction, JobId job);
  // Locks the job's row. Nothing: unknown.
  static std::optional<JobState> locked_state(SqlTransaction& transaction, JobId job);
  bool step_job(JobId job, JobState from, JobState to);
  std::vector<JobId> jobs_in(std::string_view states);
  void cancel_leased(JobId job);
  void cancel_task(SqlTransaction& transaction, JobId job, const LeaseId& lease, double cost);
  void complete_cancellation(JobId job);

  const std::unique_ptr<SqlEngine> engine_;
  const Clock* const clock_;
  const RetryPolicy policy_;
  FreshFront front_;
};

// Throws std::invalid_argument, naming `what`, unless the text is UTF-8 without NUL.
void check_text(std::string_view what, std::string_view text);

// What must never be in the records: one sentence a finding.
std::vector<std::string> check_records(SqlTransaction& transaction);

std::string_view to_string(WorkerState state);
WorkerState worker_state_named(std::string_view name);

// "'FAILED', 'QUARANTINED'": written into the statement, for an engine that sees the states takes the index of theirs.
template <class State>
std::string quoted_list(const std::vector<State>& states) {
  std::string list;
  for (const State state : states) list.append(list.empty() ? "'" : ", '").append(to_string(state)).append("'");
  return list;
}

template <class Work>
auto SqlJobStore::write(Repeat repeat, Work work) {
  for (SqlRetry retry(*engine_);;) {
    try {
      const SqlEngine::Taken connection = engine_->take();
      SqlTransaction transaction(*connection, clock_, SqlConnection::Begin::kWrite);
      auto result = work(transaction, retry.may_be_done());
      transaction.commit();
      return result;
    } catch (const SqlInterrupted& interruption) {
      retry.after(interruption, repeat == Repeat::kHarmless);
    }
  }
}

template <class Work>
auto SqlJobStore::read(Work work) {
  for (SqlRetry retry(*engine_);;) {
    try {
      const SqlEngine::Taken connection = engine_->take();
      SqlTransaction transaction(*connection, clock_, SqlConnection::Begin::kSnapshot);
      return work(transaction);
    } catch (const SqlInterrupted& interruption) {
      retry.after(interruption, true);
    }
  }
}

template <class Work>
auto SqlJobStore::ask(Work work) {
  for (SqlRetry retry(*engine_);;) {
    try {
      const SqlEngine::Taken connection = engine_->take();
      return work(*connection);
    } catch (const SqlInterrupted& interruption) {
      retry.after(interruption, true);
    }
  }
}

}  // namespace lathe::scheduler
