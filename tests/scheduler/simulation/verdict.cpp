// What must hold once everything is healthy again and every job has ended.
#include <algorithm>

#include "tests/scheduler/simulation/witness.h"

namespace lathe::scheduler::simulation {
namespace {

constexpr int kMostTasks = 100'000;

}  // namespace

void Witness::check_end(const Folder& folder) {
  const std::vector<std::string> findings = auditor_.check();
  require(findings.empty(), "the store's own check finds: " + (findings.empty() ? "" : findings.front()));
  for (const auto& [id, job] : jobs_) check_job(id, job);
  for (const auto& [request, id] : jobs_of_requests_) {
    const auto found = auditor_.job_of_request(request);
    require(found && found->id == id, fmt::format("the request {} does not lead to job {}", request, id));
  }
  require(auditor_.jobs({}, INT64_MAX, kMostTasks).size() == jobs_.size(), "there are jobs that nobody asked for");
  check_folder(folder);
}

void Witness::check_job(JobId id, const Job& job) {
  const auto record = auditor_.job(id);
  require(record.has_value(), fmt::format("job {} was acknowledged, and is not there", id));
  require(is_final(record->state), fmt::format("job {} has not ended: {}", id, to_string(record->state)));
  require(!job.is_cancel_acknowledged || record->state == JobState::kCancelled,
          fmt::format("job {} was cancelled, and is {}", id, to_string(record->state)));
  const std::vector<TaskRecord> tasks = auditor_.tasks(id, {}, -1, kMostTasks);
  require(std::ssize(tasks) >= job.acknowledged,
          fmt::format("{} tasks of job {} were acknowledged, and {} are there", job.acknowledged, id, tasks.size()));
  require(!job.is_sealed || tasks.size() == job.plan->tasks.size(), fmt::format("job {} lost tasks", id));
  TaskCounts counted;
  for (const TaskRecord& task : tasks) {
    const TaskSpec& spec = job.plan->tasks[static_cast<std::size_t>(task.position)];
    require(task.input == spec.input && task.payload_json == spec.payload_json,
            fmt::format("task {} is not what was submitted", task.id));
    check_task(job, task);
    counted.done += task.state == TaskState::kDone;
    counted.unchanged += task.state == TaskState::kUnchanged;
    counted.failed += task.state == TaskState::kFailed;
    counted.quarantined += task.state == TaskState::kQuarantined;
    counted.cancelled += task.state == TaskState::kCancelled;
  }
  TaskCounts counts = auditor_.counts(id);
  counted.cost_unfinished = counts.cost_unfinished;
  counted.cost_ended = counts.cost_ended;
  require(counts == counted, fmt::format("the counts of job {} are not those of its tasks", id));
  check_events(id, *record, tasks);
}

// One end, and the right one for what the track is.
void Witness::check_task(const Job& job, const TaskRecord& task) {
  const std::string what = fmt::format("task {} of job {} ({})", task.id, task.job_id, task.payload_json);
  require(is_final(task.state), what + " has not ended");
  int committed = 0, crashed = 0;
  bool blames_worker = false;
  std::int64_t token = 0;
  for (const AttemptRecord& attempt : auditor_.attempts(task.id)) {
    require(attempt.token > token, what + ": the tokens of its attempts do not rise");
    token = attempt.token;
    committed += attempt.outcome == AttemptOutcome::kCommitted;
    crashed += attempt.failure_class == FailureClass::kCrash;
    blames_worker |= attempt.outcome == AttemptOutcome::kFailed && fails_everything(attempt.worker_id);
    require(attempt.outcome != AttemptOutcome::kRunning, what + " has an attempt that never ended");
  }
  const bool is_done = task.state == TaskState::kDone || task.state == TaskState::kUnchanged;
  require(committed == (is_done ? 1 : 0), fmt::format("{} has {} committed attempts", what, committed));
  if (task.state == TaskState::kCancelled) {
    require(job.state == JobState::kCancelled, what + " is cancelled, and its job is not");
    return;
  }
  if (is_done)
    require(task.result_json == content_of(job.plan->header.recipe_sha256, task.input), what + " has a wrong result");
  if (job.state == JobState::kCancelled) return;
  const TrackKind kind = kind_of_payload(task.payload_json);
  const bool spent = task.history.infra_failures >= RetryPolicy{}.infra_failures;
  switch (kind) {
    case TrackKind::kGood:
      require(task.state != TaskState::kQuarantined, what + " is quarantined");
      require(is_done || blames_worker || spent, what + " failed, and nothing was wrong with it");
      break;
    case TrackKind::kFlaky:
      require(task.state != TaskState::kQuarantined, what + " is quarantined");
      require(is_done || task.history.task_failures >= RetryPolicy{}.task_failures || spent || blames_worker,
              what + " failed before its attempts were used up");
      break;
    case TrackKind::kBroken:
      require(task.state == TaskState::kFailed || is_done == (task.state == TaskState::kUnchanged),
              what + " is done, and cannot be decoded");
      require(task.state == TaskState::kFailed, what + " is not FAILED");
      break;
    case TrackKind::kPoison:
      require(!is_done, what + " is done, and kills whoever works on it");
      require(task.state == TaskState::kQuarantined || blames_worker || spent, what + " is not quarantined");
      require(task.state != TaskState::kQuarantined || task.history.crashes == RetryPolicy{}.crashes,
              what + " is not quarantined by its crashes");
      require(crashed <= RetryPolicy{}.crashes * (1 + job.retries), what + " crashed too often");
      break;
  }
}

// The events, read from the first to the last, lead to the states as they are.
void Witness::check_events(JobId id, const JobRecord& record, const std::vector<TaskRecord>& tasks) {
  std::map<TaskId, TaskState> state_of;
  std::map<TaskId, std::int64_t> leases_of;
  for (const TaskRecord& task : tasks) state_of[task.id] = TaskState::kPending;
  std::optional<JobState> state;
  std::int64_t sequence = 0;
  for (const EventRecord& event : auditor_.events(id, 0, kMostTasks)) {
    require(event.sequence > sequence, fmt::format("the events of job {} do not rise", id));
    sequence = event.sequence;
    if (!event.task_id) {
      const JobState next = job_state_named(event.state);
      require(state ? can_follow(*state, next) : next == JobState::kAccepting,
              fmt::format("event {} of job {}: {} cannot follow", sequence, id, event.state));
      state = next;
      continue;
    }
    const TaskState next = task_state_named(event.state);
    const auto found = state_of.find(*event.task_id);
    require(found != state_of.end(), fmt::format("event {} of job {} is of no task", sequence, id));
    require(can_follow(found->second, next), fmt::format("event {} of job {}: task {} goes from {} to {}", sequence, id,
                                                         *event.task_id, to_string(found->second), event.state));
    found->second = next;
    leases_of[*event.task_id] += next == TaskState::kLeased;
  }
  require(state == record.state, fmt::format("the events of job {} do not end where it is", id));
  for (const TaskRecord& task : tasks) {
    // A cancellation is one event of the job.
    const bool agrees =
        task.state == TaskState::kCancelled ? !is_final(state_of[task.id]) : state_of[task.id] == task.state;
    require(agrees, fmt::format("the events of task {} end in {}, and it is {}", task.id, to_string(state_of[task.id]),
                                to_string(task.state)));
    require(leases_of[task.id] == task.token, fmt::format("task {} has not as many leases as its token says", task.id));
  }
}

// What lies under a name is what was committed last for it.
void Witness::check_folder(const Folder& folder) {
  std::set<std::string> paths;
  for (const auto& [id, job] : jobs_) {
    for (const TaskRecord& task : auditor_.tasks(id, {}, -1, kMostTasks)) {
      const bool is_done = task.state == TaskState::kDone || task.state == TaskState::kUnchanged;
      if (is_done) paths.insert(output_path(job.plan->header.out_dir, task.input));
    }
  }
  for (const std::string& path : paths) {
    const std::vector<KnownOutput> known = auditor_.find_outputs(path);
    require(!known.empty() && known.front().is_committed, path + " was made, and is not on record as committed");
    const auto file = folder.find(path);
    require(file != folder.end(), path + " was committed, and is not there");
    if (file->second.content == known.front().output.sha256) continue;
    // A later job gave it its name and was cancelled before the commit: the record knows it as announced.
    const bool is_announced = std::any_of(known.begin(), known.end(), [&](const KnownOutput& output) {
      return !output.is_committed && output.output.sha256 == file->second.content &&
             auditor_.task(output.task_id)->state == TaskState::kCancelled;
    });
    if (is_announced) continue;
    require(excused_paths_.contains(path), fmt::format("{} holds '{}', and committed was '{}'", path,
                                                       file->second.content, known.front().output.sha256));
    ++figures_.overwritten_by_those;
  }
}

}  // namespace lathe::scheduler::simulation
