// Sees every step that the store takes and every file that gets its name, and knows what must never be. Holds its own
// record of who has which lease, so that it does not believe the store.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/store/job_store.h"
#include "tests/scheduler/simulation/folder.h"
#include "tests/scheduler/simulation/job_plan.h"
#include "tests/scheduler/simulation/timeline.h"

namespace lathe::scheduler::simulation {

class Witness {
 public:
  // `auditor`: a store on the same data on which nothing crashes.
  Witness(Timeline& timeline, const StoreClock& clock, JobStore& auditor, std::int64_t lease_ms);

  struct Figures {
    std::int64_t claims = 0, commits = 0, repeated_commits = 0, lost_commits = 0, failures = 0, rescues = 0,
                 cancellations = 0, unknown_outcomes = 0, renames = 0;
    std::int64_t renames_after_stop = 0;    // stopped between the look at the clock and the rename
    std::int64_t renames_after_cancel = 0;  // by a cancelled job, while its lease would have lasted
    std::int64_t overwritten_by_those = 0;  // files that are not what was committed last because of these two
  };
  const Figures& figures() const { return figures_; }

  // --- what people were told ---
  void job_made(const JobPlan& plan, JobId job);
  void tasks_acknowledged(JobId job, std::int64_t count);
  void seal_acknowledged(JobId job);

  // --- what a replica has done to the store ---
  void claimed(const std::string& worker, const std::vector<Lease>& leases);
  void beaten(const std::string& worker, const std::vector<LeaseId>& leases, const Heartbeat& heard);
  void announced(const LeaseId& lease, bool is_held);
  void committed(const LeaseId& lease, const Commit& commit, CommitOutcome outcome);
  void failed(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
              const FailOutcome& outcome);
  void released(const LeaseId& lease, bool is_held);
  void rescued(const std::vector<Rescued>& rescued);
  void stepped(JobId job);    // paused, resumed
  void cancelled(JobId job);  // for good, said the store
  void retries(JobId job);
  void worker_set(const std::string& worker, WorkerState state);
  // A crash or an absence of the store: what became of the change is looked up.
  void outcome_unknown();

  // --- what workers do ---
  void renamed(const LeaseId& lease, const std::string& path, std::int64_t until_ms, bool was_stopped);
  // Who else works on this task under a lease that it thinks valid; empty: nobody. Set by the world.
  std::function<std::string(const LeaseId& except)> others_at_work;
  std::function<bool(const std::string& worker)> fails_everything;

  // --- the end ---
  // Every job is known to the witness and has ended.
  bool all_ended();
  void check_end(const Folder& folder);

 private:
  enum class Stage { kFree, kHeld, kCommitted, kEnded };
  struct Task {
    JobId job = 0;
    Stage stage = Stage::kFree;
    std::int64_t token = 0;
    std::string worker;
    std::int64_t expires_ms = 0;
    std::optional<std::int64_t> committed;  // token
  };
  struct Job {
    const JobPlan* plan = nullptr;
    std::int64_t acknowledged = 0;
    bool is_sealed = false;
    JobState state = JobState::kAccepting;
    bool is_cancel_acknowledged = false;
    int retries = 0;
  };
  struct Worker {
    int streak = 0;
    bool is_active = true;
  };

  bool is_held(const LeaseId& lease) const;
  bool is_open(JobId job) const;
  void require(bool is_well, const std::string& sentence) const;
  std::string name(const LeaseId& lease) const;
  void look_up(JobId job);
  void check_quarantine(const std::string& worker);
  void check_job(JobId id, const Job& job);
  void check_task(const Job& job, const TaskRecord& task);
  void check_events(JobId id, const JobRecord& record, const std::vector<TaskRecord>& tasks);
  void check_folder(const Folder& folder);

  Timeline& timeline_;
  const StoreClock& clock_;
  JobStore& auditor_;
  const std::int64_t lease_ms_, margin_ms_;
  Figures figures_;
  std::map<TaskId, Task> tasks_;
  std::map<JobId, Job> jobs_;
  std::map<std::string, Worker> workers_;
  std::map<std::string, JobId> jobs_of_requests_;
  std::set<std::pair<TaskId, std::int64_t>> announced_;
  std::set<std::string> excused_paths_;
};

}  // namespace lathe::scheduler::simulation
