#include "tests/scheduler/simulation/witness.h"

#include <algorithm>

#include "scheduler/core/worker_health.h"

namespace lathe::scheduler::simulation {

Witness::Witness(Timeline& timeline, const StoreClock& clock, JobStore& auditor, std::int64_t lease_ms)
    : others_at_work([](const LeaseId&) { return std::string(); }),
      fails_everything([](const std::string&) { return false; }),
      timeline_(timeline),
      clock_(clock),
      auditor_(auditor),
      lease_ms_(lease_ms),
      margin_ms_(lease_ms / 6) {}

void Witness::require(bool is_well, const std::string& sentence) const {
  if (!is_well) throw Violation(sentence);
}

std::string Witness::name(const LeaseId& lease) const { return fmt::format("task {}/{}", lease.task_id, lease.token); }

bool Witness::is_open(JobId job) const {
  const auto found = jobs_.find(job);
  return found != jobs_.end() &&
         (found->second.state == JobState::kRunning || found->second.state == JobState::kPaused);
}

bool Witness::is_held(const LeaseId& lease) const {
  const auto found = tasks_.find(lease.task_id);
  return found != tasks_.end() && found->second.stage == Stage::kHeld && found->second.token == lease.token &&
         is_open(found->second.job);
}

// --- what people were told ---

void Witness::job_made(const JobPlan& plan, JobId job) {
  const auto [request, is_new] = jobs_of_requests_.try_emplace(plan.header.request_id, job);
  require(is_new || request->second == job,
          fmt::format("the request {} has become two jobs: {} and {}", plan.header.request_id, request->second, job));
  Job& known = jobs_[job];
  require(known.plan == nullptr || known.plan == &plan, fmt::format("job {} stands for two requests", job));
  known.plan = &plan;
  look_up(job);
}

void Witness::tasks_acknowledged(JobId job, std::int64_t count) {
  jobs_[job].acknowledged = std::max(jobs_[job].acknowledged, count);
}

void Witness::seal_acknowledged(JobId job) { jobs_[job].is_sealed = true; }

// --- what a replica has done to the store ---

void Witness::claimed(const std::string& worker, const std::vector<Lease>& leases) {
  for (const Lease& lease : leases) {
    ++figures_.claims;
    timeline_.say("{} gets {} of job {}{}", worker, name(lease.id), lease.job_id, lease.run_alone ? ", alone" : "");
    const auto job = jobs_.find(lease.job_id);
    require(job != jobs_.end(), name(lease.id) + " belongs to a job that nobody asked for");
    require(job->second.state == JobState::kRunning,
            fmt::format("job {} is {} and hands out {}", lease.job_id, to_string(job->second.state), name(lease.id)));
    const auto known = workers_.find(worker);
    require(known != workers_.end() && known->second.is_active, worker + " is not ACTIVE and gets " + name(lease.id));
    Task& task = tasks_[lease.id.task_id];
    task.job = lease.job_id;
    require(task.stage == Stage::kFree, name(lease.id) + " is handed out and was not free");
    require(lease.id.token > task.token,
            fmt::format("{} was handed out under token {} before: tokens do not rise", name(lease.id), task.token));
    const std::string other = others_at_work(lease.id);
    require(other.empty(), name(lease.id) + " is handed out while a valid lease on it is at work: " + other);
    task.stage = Stage::kHeld;
    task.token = lease.id.token;
    task.worker = worker;
    task.expires_ms = lease.expires_ms;
  }
}

void Witness::beaten(const std::string& worker, const std::vector<LeaseId>& leases, const Heartbeat& heard) {
  for (const LeaseId& lease : leases) {
    const bool is_lost = std::find(heard.lost.begin(), heard.lost.end(), lease) != heard.lost.end();
    const bool is_well = heard.state != WorkerState::kGone && is_held(lease) && tasks_[lease.task_id].worker == worker;
    require(is_lost != is_well, fmt::format("a heartbeat tells {} that {} is {}", worker, name(lease),
                                            is_lost ? "lost, and it is not" : "its own, and it is not"));
    if (!is_lost) tasks_[lease.task_id].expires_ms = clock_.now_ms() + lease_ms_;
  }
}

void Witness::announced(const LeaseId& lease, bool held) {
  require(held == is_held(lease), fmt::format("an announcement for {} is {}", name(lease), held ? "taken" : "refused"));
  if (held) announced_.insert({lease.task_id, lease.token});
}

void Witness::committed(const LeaseId& lease, const Commit& commit, CommitOutcome outcome) {
  Task& task = tasks_[lease.task_id];
  timeline_.say("{} is committed: {}", name(lease),
                outcome == CommitOutcome::kLost       ? "lost"
                : outcome == CommitOutcome::kRepeated ? "again"
                                                      : to_string(commit.state));
  switch (outcome) {
    case CommitOutcome::kCommitted:
      ++figures_.commits;
      require(!jobs_[task.job].is_cancel_acknowledged,
              fmt::format("{} is committed after the cancellation of job {} was acknowledged", name(lease), task.job));
      require(!task.committed, name(lease) + " is committed, and so was another attempt before");
      require(is_held(lease), name(lease) + " is committed, and the lease is not held");
      task.committed = lease.token;
      task.stage = Stage::kCommitted;
      workers_[task.worker].streak = 0;
      look_up(task.job);
      break;
    case CommitOutcome::kRepeated:
      ++figures_.repeated_commits;
      require(task.committed == lease.token, name(lease) + " is said to be committed before, and was not");
      break;
    case CommitOutcome::kLost:
      ++figures_.lost_commits;
      require(task.committed != lease.token,
              name(lease) + " was committed, and its repeated commit is answered as lost");
      require(!is_held(lease), name(lease) + " is held, and its commit is answered as lost");
      break;
  }
}

void Witness::failed(const LeaseId& lease, FailureClass failure_class, std::string_view reason_code,
                     const FailOutcome& outcome) {
  Task& task = tasks_[lease.task_id];
  timeline_.say("{} fails, {}: {}", name(lease), to_string(failure_class),
                outcome.is_lost ? "lost" : to_string(outcome.state));
  require(outcome.is_lost != is_held(lease),
          fmt::format("a failure of {} is {}", name(lease), outcome.is_lost ? "refused" : "taken"));
  if (outcome.is_lost) return;
  ++figures_.failures;
  task.stage = is_final(outcome.state) ? Stage::kEnded : Stage::kFree;
  workers_[task.worker].streak += counts_against_worker(failure_class, reason_code) ? 1 : 0;
  check_quarantine(task.worker);
  look_up(task.job);
}

void Witness::released(const LeaseId& lease, bool held) {
  timeline_.say("{} is given back: {}", name(lease), held ? "free" : "lost");
  require(held == is_held(lease), fmt::format("{} is given back, {}", name(lease), held ? "not held" : "held"));
  if (held) tasks_[lease.task_id].stage = Stage::kFree;
}

void Witness::rescued(const std::vector<Rescued>& rescued) {
  for (const Rescued& one : rescued) {
    ++figures_.rescues;
    timeline_.say("{} is taken from {}: {}", name(one.lease), one.worker_id, to_string(one.state));
    require(is_held(one.lease), name(one.lease) + " is rescued, and was not held");
    Task& task = tasks_[one.lease.task_id];
    require(task.expires_ms <= clock_.now_ms(), name(one.lease) + " is rescued before its end");
    task.stage = is_final(one.state) ? Stage::kEnded : Stage::kFree;
    look_up(task.job);
  }
  for (auto& [id, job] : jobs_) {
    if (job.state == JobState::kCancelling) look_up(id);
  }
  for (const auto& [id, task] : tasks_) {
    require(!is_held({id, task.token}) || task.expires_ms > clock_.now_ms(),
            fmt::format("task {} is held beyond its end, and a rescue left it so", id));
  }
}

void Witness::stepped(JobId job) { look_up(job); }

void Witness::cancelled(JobId job) {
  ++figures_.cancellations;
  look_up(job);
  jobs_[job].is_cancel_acknowledged = true;
  require(jobs_[job].state == JobState::kCancelled, fmt::format("job {} was cancelled, and is not CANCELLED", job));
}

void Witness::retries(JobId job) { ++jobs_[job].retries; }

void Witness::worker_set(const std::string& worker, WorkerState state) {
  timeline_.say("{} is in state {}", worker, static_cast<int>(state));
  Worker& known = workers_[worker];
  known.is_active = state == WorkerState::kActive;
  if (known.is_active && auditor_.worker(worker)->failure_streak == 0) known.streak = 0;
}

void Witness::look_up(JobId job) {
  if (const auto record = auditor_.job(job)) {
    if (jobs_[job].state != record->state) timeline_.say("job {} is {}", job, to_string(record->state));
    jobs_[job].state = record->state;
  }
}

void Witness::outcome_unknown() {
  ++figures_.unknown_outcomes;
  for (auto& [id, job] : jobs_) {
    look_up(id);
    for (const TaskRecord& record : auditor_.tasks(id, {}, -1, 10'000)) {
      Task& task = tasks_[record.id];
      require(record.token >= task.token, fmt::format("the token of task {} sank to {}", record.id, record.token));
      const bool is_done = record.state == TaskState::kDone || record.state == TaskState::kUnchanged;
      require(!task.committed || (is_done && *task.committed == record.token),
              fmt::format("task {}/{} was committed, and is {}/{} now", record.id, task.committed.value_or(0),
                          to_string(record.state), record.token));
      require(!is_done || !jobs_[id].is_cancel_acknowledged || task.committed == record.token,
              fmt::format("task {} was committed after the cancellation of job {}", record.id, id));
      task.job = id;
      task.token = record.token;
      task.worker = record.worker_id;
      task.expires_ms = record.lease_expires_ms.value_or(0);
      task.stage = is_done                              ? Stage::kCommitted
                   : record.state == TaskState::kLeased ? Stage::kHeld
                   : is_final(record.state)             ? Stage::kEnded
                                                        : Stage::kFree;
      if (is_done) task.committed = record.token;
    }
  }
  for (auto& [id, worker] : workers_) {
    const auto record = auditor_.worker(id);
    if (!record) continue;
    worker.streak = record->failure_streak;
    worker.is_active = record->state == WorkerState::kActive;
  }
}

// The rule of core/worker_health.h on what this witness has seen itself.
void Witness::check_quarantine(const std::string& worker) {
  Worker& failing = workers_[worker];
  if (!failing.is_active) return;
  std::optional<int> least_of_others;
  for (const auto& [id, other] : workers_) {
    if (id == worker || !other.is_active) continue;
    least_of_others = std::min(least_of_others.value_or(other.streak), other.streak);
  }
  const bool is_at_fault = failing.streak >= kSuspiciousStreak && least_of_others && *least_of_others < kHealthyStreak;
  const bool is_quarantined = auditor_.worker(worker)->state == WorkerState::kQuarantined;
  require(!is_at_fault || is_quarantined,
          fmt::format("{} failed {} times in a row and is not quarantined", worker, failing.streak));
  require(!is_quarantined || is_at_fault,
          fmt::format("{} is quarantined after {} failures in a row", worker, failing.streak));
  if (is_quarantined) timeline_.say("{} is quarantined", worker);
  failing.is_active = !is_quarantined;
}

// --- what workers do ---

void Witness::renamed(const LeaseId& lease, const std::string& path, std::int64_t until_ms, bool was_stopped) {
  ++figures_.renames;
  timeline_.say("{} gives {} its name", name(lease), path);
  require(was_stopped || timeline_.now_ms() < until_ms + 50,
          fmt::format("{} gave a file its name {} ms after its lease allowed it", name(lease),
                      timeline_.now_ms() - until_ms));
  require(announced_.contains({lease.task_id, lease.token}),
          name(lease) + " gave a file its name, and that was not announced");
  if (is_held(lease)) return;
  const Task& task = tasks_[lease.task_id];
  const bool is_cancelled = jobs_[task.job].is_cancel_acknowledged || jobs_[task.job].state == JobState::kCancelling ||
                            jobs_[task.job].state == JobState::kCancelled;
  figures_.renames_after_stop += was_stopped ? 1 : 0;
  figures_.renames_after_cancel += !was_stopped && is_cancelled ? 1 : 0;
  excused_paths_.insert(path);
  // A store's clock that is set forward ends leases early, and workers cannot know.
  const std::int64_t early_ms = clock_.forward_since(until_ms + margin_ms_ - lease_ms_);
  require(was_stopped || is_cancelled || early_ms > margin_ms_,
          name(lease) + " gave a file its name, and the lease was no longer its own");
}

bool Witness::all_ended() {
  for (auto& [id, job] : jobs_) {
    if (!is_final(job.state)) look_up(id);
    if (!is_final(job.state)) return false;
  }
  return true;
}

}  // namespace lathe::scheduler::simulation
