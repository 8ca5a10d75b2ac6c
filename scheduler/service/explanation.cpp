#include "scheduler/service/explanation.h"
#include "scheduler/service/record_messages.h"
#include "scheduler/worker/master_tasks.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <climits>

namespace lathe::scheduler {
namespace {

std::string clock(std::int64_t ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

std::string seconds(std::int64_t ms) { return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000); }

void explain_waiting(JobStore& store, const TaskRecord& task, const JobRecord& job, std::int64_t now_ms,
                     std::vector<std::string>& sentences) {
  if (job.state == JobState::kPaused) {
    sentences.push_back(
        fmt::format("It waits because job {} is paused; `lathe resume {}` lets it go on.", job.id, job.id));
    return;
  }
  if (job.state == JobState::kAccepting) {
    sentences.push_back(fmt::format("It waits because job {} is still being submitted.", job.id));
    return;
  }
  if (task.state == TaskState::kRetrying && task.not_before_ms > now_ms) {
    sentences.push_back(fmt::format("It is tried again from {} on, in {}: time for what was wrong to pass.",
                                    clock(task.not_before_ms), seconds(task.not_before_ms - now_ms)));
  }
  std::int64_t slots = 0, busy = 0, active = 0, held_back = 0, most_bytes = 0;
  for (const WorkerRecord& worker : store.workers("", 1000, false)) {
    if (worker.state != WorkerState::kActive) {
      ++held_back;
      continue;
    }
    ++active;
    slots += worker.spec.slots;
    most_bytes = std::max(most_bytes, worker.spec.memory_bytes > 0 ? worker.spec.memory_bytes : INT64_MAX);
    busy += std::min<std::int64_t>(worker.leases, worker.spec.slots);
  }
  if (active == 0) {
    sentences.push_back(
        held_back > 0
            ? fmt::format("No worker takes work: {} drained or quarantined (`lathe workers list`).", held_back)
            : "No worker is there: start one with `lathe worker --scheduler ADDR`.");
    return;
  }
  if (task.memory_bytes > most_bytes) {
    sentences.push_back(fmt::format(
        "No worker that is there may use the {} MiB it was submitted with (`--memory`); the largest has {} MiB. Start "
        "one with `lathe worker --memory`, or cancel the job and submit it with less.",
        task.memory_bytes >> 20, most_bytes >> 20));
    return;
  }
  if (task.run_alone) {
    sentences.push_back(
        "It runs alone, after all others, on a worker that holds nothing else: an attempt took its worker down, or two "
        "workers were lost with it.");
  }
  const TaskCounts counts = store.counts(job.id);
  sentences.push_back(
      fmt::format("{} of {} slots on {} workers are busy. Its job has {} tracks waiting; within the job the "
                  "longest album goes first, and this track is number {} of the plan.",
                  busy, slots, active, counts.pending + counts.retrying, task.plan_rank + 1));
  std::int64_t before = 0;
  JobFilter running;
  running.states = {JobState::kRunning};
  for (const JobRecord& other : store.jobs(running, INT64_MAX, 1000)) {
    if (other.id == job.id) continue;
    const bool is_first = other.header.priority > job.header.priority ||
                          (other.header.priority == job.header.priority &&
                           other.header.finish_by_ms.value_or(INT64_MAX) < job.header.finish_by_ms.value_or(INT64_MAX));
    before += is_first;
  }
  if (before > 0)
    sentences.push_back(fmt::format("{} running jobs go before its own, by priority or deadline.", before));
}

std::string sentence_of(const AttemptRecord& attempt) {
  const std::string who =
      fmt::format("Attempt {} by {} at {}", attempt.token, attempt.worker_id, clock(attempt.started_ms));
  const std::string span = attempt.ended_ms ? " after " + seconds(*attempt.ended_ms - attempt.started_ms) : "";
  switch (attempt.outcome) {
    case AttemptOutcome::kRunning:
      return who + " is under way.";
    case AttemptOutcome::kCommitted:
      return who + " gave the result" + span + ".";
    case AttemptOutcome::kReleased:
      return who + " was given back untouched" + span + ": the worker stopped or drained.";
    case AttemptOutcome::kCancelled:
      return who + " was cancelled" + span + ".";
    case AttemptOutcome::kLost:
      return who + " was lost" + span + ": " + attempt.message + " (" + attempt.reason_code + ").";
    case AttemptOutcome::kFailed:
      break;
  }
  return fmt::format("{} failed{}: {} ({}, {}).", who, span, attempt.message, attempt.reason_code,
                     attempt.failure_class ? to_string(*attempt.failure_class) : "");
}

}  // namespace

std::vector<std::string> explain(JobStore& store, const TaskRecord& task, const std::vector<AttemptRecord>& attempts) {
  std::vector<std::string> sentences;
  const std::int64_t now_ms = store.now_ms();
  sentences.push_back(fmt::format("Task {} (track {} of job {}) is {} since {}.", task.id, task.position + 1,
                                  task.job_id, to_string(task.state), clock(task.changed_ms)));
  if (const std::int64_t tracks = track_count(to_message(task)); tracks > 1) {
    sentences.push_back(
        fmt::format("It is {} tracks that are mastered together, of {}: they get their names together, or none does.",
                    tracks, task.album));
  }
  const auto job = store.job(task.job_id);
  switch (task.state) {
    case TaskState::kPending:
    case TaskState::kRetrying:
      if (job) explain_waiting(store, task, *job, now_ms, sentences);
      break;
    case TaskState::kLeased:
      sentences.push_back(
          fmt::format("Worker {} asked for work when this track was the first in order that it could do; its lease "
                      "holds until {} and "
                      "is renewed while the worker lives.",
                      task.worker_id, clock(task.lease_expires_ms.value_or(0))));
      break;
    case TaskState::kUnchanged:
      sentences.push_back("Its samples, recipe and engine gave this result before, and the files still lie there.");
      break;
    case TaskState::kFailed:
      sentences.push_back("Nothing more is tried by itself: " + task.message + " (" + task.reason_code +
                          "). `lathe retry " + std::to_string(task.job_id) + " --failed` tries again.");
      break;
    case TaskState::kQuarantined:
      sentences.push_back(
          "The process that worked on it died, and died again when it ran alone; it is kept away from workers. `lathe "
          "retry " +
          std::to_string(task.job_id) + " --failed` tries again.");
      break;
    case TaskState::kDone:
    case TaskState::kCancelled:
      break;
  }
  if (task.history.infra_failures + task.history.task_failures + task.history.crashes > 0) {
    sentences.push_back(fmt::format(
        "Failures so far: {} of the infrastructure ({} lost leases), {} of the work, {} crashes.",
        task.history.infra_failures, task.history.lost_leases, task.history.task_failures, task.history.crashes));
  }
  for (const AttemptRecord& attempt : attempts) sentences.push_back(sentence_of(attempt));
  return sentences;
}

}  // namespace lathe::scheduler
