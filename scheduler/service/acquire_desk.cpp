#include "scheduler/service/acquire_desk.h"

#include <climits>

#include "scheduler/store/job_store.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Work may appear without this scheduler's doing: through another replica, or because a retry's time has come.
constexpr auto kPoll = 200ms;
constexpr auto kLoadHolds = 500ms;
constexpr int kJobsAPage = 200;
// More than any farm has slots for: where so much waits, older jobs need not be counted.
constexpr std::int64_t kPlenty = 1'000'000;

const grpc::Status kGoingAway{grpc::StatusCode::UNAVAILABLE, "the scheduler is going away"};

}  // namespace

AcquireDesk::AcquireDesk(FarmContext& farm)
    : farm_(farm), thread_([this](const std::stop_token& stopping) { run(stopping); }) {
  farm_.signal.listen([this] {
    const std::lock_guard lock(mutex_);
    has_news_ = true;
    changed_.notify_all();
  });
}

AcquireDesk::~AcquireDesk() {
  farm_.signal.listen(nullptr);
  stop();
  thread_.request_stop();
  changed_.notify_all();
}

void AcquireDesk::serve_or_wait(Waiter waiter) {
  if (!serve(waiter)) put_in_line(std::move(waiter));
}

void AcquireDesk::put_in_line(Waiter waiter) {
  if (waiter.is_gone()) return waiter.answer(grpc::Status::CANCELLED, {});
  if (Clock::now() >= waiter.until) return waiter.answer(grpc::Status::OK, {});
  {
    const std::lock_guard lock(mutex_);
    if (!is_stopped_) {
      waiters_.push_back(std::move(waiter));
      changed_.notify_all();
      return;
    }
  }
  waiter.answer(kGoingAway, {});
}

void AcquireDesk::stop() {
  std::list<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    waiters.swap(waiters_);
  }
  for (Waiter& waiter : waiters) waiter.answer(kGoingAway, {});
}

void AcquireDesk::run(const std::stop_token& stopping) {
  while (!stopping.stop_requested()) {
    std::list<Waiter> waiters;
    {
      std::unique_lock lock(mutex_);
      if (waiters_.empty()) {
        changed_.wait(lock, stopping, [this] { return !waiters_.empty(); });
      } else {
        changed_.wait_for(lock, stopping, kPoll, [this] { return has_news_; });
      }
      has_news_ = false;
      waiters.swap(waiters_);
    }
    std::int64_t ready = 0;
    try {
      ready = waiters.empty() ? 0 : ready_tasks();
    } catch (const std::exception&) {
      ready = 1;  // whoever tries is told what is wrong
    }
    // As many as there are tasks try; the others keep their places. One more, for what only some may have.
    for (std::int64_t tries = ready > 0 ? ready + 1 : 0; !waiters.empty(); --tries) {
      Waiter waiter = std::move(waiters.front());
      waiters.pop_front();
      if (tries <= 0) {
        put_in_line(std::move(waiter));
        continue;
      }
      auto shared = std::make_shared<Waiter>(std::move(waiter));
      if (!farm_.gate.try_post([this, shared] { serve_or_wait(std::move(*shared)); })) put_in_line(std::move(*shared));
    }
  }
}

std::int64_t AcquireDesk::ready_tasks() {
  std::int64_t ready = 0;
  JobFilter running;
  running.states = {JobState::kRunning};
  for (JobId before = INT64_MAX;;) {
    const std::vector<JobRecord> page = farm_.store.jobs(running, before, kJobsAPage);
    for (const JobRecord& job : page) {
      const TaskCounts counts = farm_.store.counts(job.id);
      ready += counts.pending + counts.retrying;
    }
    if (std::ssize(page) < kJobsAPage || ready >= kPlenty) return ready;
    before = page.back().id;
  }
}

FarmLoad AcquireDesk::look_around() {
  const std::lock_guard lock(looking_);
  if (Clock::now() - looked_at_ < kLoadHolds) return load_;
  looked_at_ = Clock::now();
  std::int64_t slots = 0, active = 0;
  for (const WorkerRecord& worker : farm_.store.workers("", 1000, false)) {
    active += worker.state == WorkerState::kActive;
    if (worker.state == WorkerState::kActive) slots += worker.spec.slots;
  }
  load_ = {ready_tasks(), slots};
  is_sole_ = active <= 1;
  return load_;
}

bool AcquireDesk::serve(Waiter& waiter) {
  try {
    const WantedTasks wanted = fetch_share(waiter.wanted, look_around());
    std::vector<Lease> leases;
    ClaimRequest request = waiter.request;
    request.max_tasks = wanted.at_once + wanted.ahead;
    request.spare = wanted.spare;
    // Nobody else could do what this worker has failed.
    request.sole_worker = request.sole_worker || is_sole_;
    if (wanted.total() > 0) leases = farm_.store.claim(request);
    if (leases.empty()) return false;
    waiter.answer(grpc::Status::OK, leases);
  } catch (const std::exception& error) {
    waiter.answer(status_of(error), {});
  }
  return true;
}

}  // namespace lathe::scheduler
