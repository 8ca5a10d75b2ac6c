#include "scheduler/service/acquire_desk.h"

#include <climits>

#include "scheduler/store/job_store.h"

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Work may appear without this scheduler's doing: through another replica, or because a retry's time has come.
constexpr auto kPoll = 200ms;
constexpr auto kPlentyHolds = 500ms;
constexpr int kJobsLookedAt = 200;

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

void AcquireDesk::wait(Waiter waiter) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_stopped_) {
      waiters_.push_back(std::move(waiter));
      has_news_ = true;
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
    bool is_about = true;
    try {
      is_about = waiters.empty() || is_work_about();
    } catch (const std::exception&) {
      // Serving says what is wrong.
    }
    for (auto waiter = waiters.begin(); waiter != waiters.end();) {
      bool is_served = false;
      if (waiter->is_gone()) {
        waiter->answer(grpc::Status::CANCELLED, {});
        is_served = true;
      } else if (is_about) {
        is_served = serve(*waiter);
      }
      if (!is_served && Clock::now() >= waiter->until) {
        waiter->answer(grpc::Status::OK, {});
        is_served = true;
      }
      waiter = is_served ? waiters.erase(waiter) : std::next(waiter);
    }
    std::unique_lock lock(mutex_);
    if (!is_stopped_) {
      waiters_.splice(waiters_.begin(), waiters);
      continue;
    }
    lock.unlock();
    for (Waiter& waiter : waiters) waiter.answer(kGoingAway, {});
  }
}

bool AcquireDesk::is_work_about() {
  JobFilter running;
  running.states = {JobState::kRunning};
  for (const JobRecord& job : farm_.store.jobs(running, INT64_MAX, kJobsLookedAt)) {
    const TaskCounts counts = farm_.store.counts(job.id);
    if (counts.pending + counts.retrying > 0) return true;
  }
  return false;
}

// Fetching ahead pays while there is more to do than hands; towards the end it would keep work from idle ones.
bool AcquireDesk::is_plenty() {
  if (Clock::now() - looked_at_ < kPlentyHolds) return is_plenty_;
  looked_at_ = Clock::now();
  std::int64_t slots = 0, waiting = 0, active = 0;
  for (const WorkerRecord& worker : farm_.store.workers("", 1000, false)) {
    active += worker.state == WorkerState::kActive;
    if (worker.state == WorkerState::kActive) slots += worker.spec.slots;
  }
  JobFilter running;
  running.states = {JobState::kRunning};
  for (const JobRecord& job : farm_.store.jobs(running, INT64_MAX, kJobsLookedAt)) {
    waiting += farm_.store.counts(job.id).pending;
  }
  is_plenty_ = waiting > 2 * slots;
  is_sole_ = active <= 1;
  return is_plenty_;
}

bool AcquireDesk::serve(Waiter& waiter) {
  try {
    std::vector<Lease> leases;
    ClaimRequest request = waiter.request;
    request.max_tasks += is_plenty() ? waiter.ahead : 0;
    // Nobody else could do what this worker has failed.
    request.sole_worker = request.sole_worker || is_sole_;
    if (request.max_tasks > 0) leases = farm_.store.claim(request);
    if (leases.empty()) return false;
    waiter.answer(grpc::Status::OK, leases);
  } catch (const std::exception& error) {
    waiter.answer(status_of(error), {});
  }
  return true;
}

}  // namespace lathe::scheduler
