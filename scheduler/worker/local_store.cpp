#include "scheduler/worker/local_store.h"

#include <unistd.h>

#include <random>

#include "scheduler/store/open_job_store.h"

namespace lathe::scheduler {
namespace {

constexpr std::int64_t kSilentMs = 120'000;  // whoever says nothing for so long has been killed

// Disk full or memory short on one machine: two more tries a few seconds apart, when other tracks have ended, then the
// track fails. There is no other worker to wait an hour for.
RetryPolicy local_policy() {
  RetryPolicy policy;
  policy.infra_failures = 3;
  policy.task_failures = 2;
  policy.infra_backoff = {1'000, 4'000};
  policy.task_backoff = {100, 1'000};
  return policy;
}

}  // namespace

LocalStore::LocalStore(const std::string& path, const Clock& clock, const std::string& out_dir)
    : store_(open_sqlite_store(path, clock, local_policy())),
      worker_id_("local:" + std::to_string(::getpid()) + ":" + std::to_string(clock.now_ms())) {
  cancel_abandoned(out_dir);
  store_->retire_silent_workers(store_->now_ms() - kSilentMs);
  store_->register_worker({.id = worker_id_, .name = worker_id_, .engine = {}, .version = {}, .info_json = {}});
}

LocalStore::~LocalStore() {
  try {
    store_->set_worker_state(worker_id_, WorkerState::kGone, "its run ended");
  } catch (const std::exception&) {
    // A store that cannot be used has said so already; the worker is retired for its silence.
  }
}

void LocalStore::cancel_abandoned(const std::string& out_dir) {
  const JobFilter unfinished{{}, {JobState::kAccepting, JobState::kRunning, JobState::kPaused, JobState::kCancelling}};
  for (JobId before = INT64_MAX;;) {
    const std::vector<JobRecord> page = store_->jobs(unfinished, before, 100);
    if (page.empty()) return;
    before = page.back().id;
    for (const JobRecord& job : page) {
      if (job.header.kind != "master" || job.header.out_dir != out_dir) continue;
      has_cancelled_any_ = true;
      store_->cancel(job.id);
    }
  }
}

void LocalStore::stay_active() {
  const auto self = store_->worker(worker_id_);
  if (self && self->state != WorkerState::kActive) store_->set_worker_state(worker_id_, WorkerState::kActive, {});
}

std::string new_request_id() {
  std::random_device random;
  std::string id = "local";
  for (int i = 0; i < 4; ++i) id += "-" + std::to_string(random());
  return id;
}

}  // namespace lathe::scheduler
