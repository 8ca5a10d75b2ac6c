#include "tests/scheduler/simulation/replica.h"

#include <climits>

namespace lathe::scheduler::simulation {
namespace {

// As in scheduler/service/acquire_desk.cpp and keeper.cpp, but that both look around less often: a replica's looking
// around is most of what a world costs.
constexpr std::int64_t kPollMs = 600;
constexpr std::int64_t kLoadHoldsMs = 500;
constexpr std::int64_t kKeepMs = 3'000;
constexpr int kJobsLookedAt = 200;
constexpr std::int64_t kSilentMs = 5 * 60'000;

}  // namespace

Replica::Replica(const Ground& ground, Endpoint endpoint, Random random, const ReplicaFaults& faults)
    : ground_(ground), endpoint_(endpoint), random_(random), faults_(faults) {}

void Replica::start() {
  if (is_up()) return;
  ++life_;
  ConnectionFaults faults;
  faults.before_commit = [this] {
    maybe_crash(faults_.crash_at_commit / 2);
    maybe_fail("before the commit");
  };
  faults.after_commit = [this] {
    maybe_crash(faults_.crash_at_commit / 2);
    maybe_fail("while it waited for the commit's answer");
  };
  const PlantedBug none;
  const PlantedBug& bug = ground_.bug != nullptr ? *ground_.bug : none;
  store_ = std::make_unique<SqlJobStore>(
      std::make_unique<SimulatedEngine>(ground_.disk, std::move(faults), bug.edits, bug.replayed, bug.loses_commits,
                                        ground_.bug_hits),
      &ground_.clock, RetryPolicy{});
  looked_at_ms_ = -1'000'000;
  is_polling_ = has_news_ = false;
  ground_.timeline.say("scheduler {} runs", endpoint_);
  later(random_.between(0, kKeepMs), [this] { keep(); });
}

void Replica::crash() {
  if (!is_up()) return;
  ++crashes_;
  ++life_;
  store_.reset();
  waiters_.clear();
  // A process that dies takes its connections with it; a machine that dies says nothing.
  is_refusing_ = random_.chance(0.7);
  ground_.timeline.say("scheduler {} crashes", endpoint_);
  std::vector<Watched> watched;
  watched.swap(watched_);
  for (const Watched& call : watched) {
    if (is_refusing_ && call.is_open()) call.on_death();
  }
  ground_.timeline.after(random_.between(100, std::max<std::int64_t>(faults_.down_ms, 200)), [this] { start(); });
}

void Replica::maybe_crash(double probability) {
  if (probability > 0 && random_.chance(probability)) throw ReplicaCrashed{};
}

void Replica::maybe_fail(const char* when) {
  if (faults_.store_away <= 0 || !random_.chance(faults_.store_away)) return;
  throw StoreError(StoreError::Kind::kUnavailable, std::string("the connection broke ") + when, true);
}

void Replica::later(std::int64_t ms, std::function<void()> event) {
  ground_.timeline.after(ms, [this, life = life_, event = std::move(event)] {
    if (life == life_) guarded(event);
  });
}

void Replica::guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const ReplicaCrashed&) {
    crash();
    ground_.witness.outcome_unknown();
  }
}

void Replica::receive(std::function<void(Replica&)> request) {
  later(random_.between(0, 5), [this, request = std::move(request)] { request(*this); });
}

void Replica::watch_call(std::function<void()> on_death, std::function<bool()> is_open) {
  if (watched_.size() >= 64) std::erase_if(watched_, [](const Watched& call) { return !call.is_open(); });
  watched_.push_back({std::move(on_death), std::move(is_open)});
}

// --- what it does by itself ---

void Replica::keep() {
  later(kKeepMs, [this] { keep(); });
  try {
    const std::vector<Rescued> rescued = store_->rescue_expired([this] { return random_.real01(); });
    ground_.witness.rescued(rescued);
    if (!rescued.empty()) raise();
    for (const std::string& worker : store_->retire_silent_workers(store_->now_ms() - kSilentMs)) {
      ground_.witness.worker_set(worker, WorkerState::kGone);
    }
  } catch (const StoreError&) {
    ground_.witness.outcome_unknown();
  }
}

void Replica::raise() {
  if (waiters_.empty() || has_news_) return;
  has_news_ = true;
  later(0, [this] {
    has_news_ = false;
    serve_waiters();
  });
}

void Replica::turn_desk() {
  if (is_polling_) return;
  is_polling_ = true;
  later(kPollMs, [this] {
    is_polling_ = false;
    serve_waiters();
    if (!waiters_.empty()) turn_desk();
  });
}

void Replica::serve_waiters() {
  bool is_about = true;
  try {
    is_about = waiters_.empty() || is_work_about();
  } catch (const StoreError&) {
    // Serving says what is wrong.
  }
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    bool is_served = false;
    if (waiter->is_gone()) {
      is_served = true;
    } else if (is_about) {
      is_served = serve(*waiter);
    }
    if (!is_served && ground_.timeline.now_ms() >= waiter->until_ms) {
      waiter->reply(CallStatus::kOk, {waiter->state, {}});
      is_served = true;
    }
    waiter = is_served ? waiters_.erase(waiter) : std::next(waiter);
  }
}

bool Replica::is_work_about() {
  JobFilter running;
  running.states = {JobState::kRunning};
  for (const JobRecord& job : store_->jobs(running, INT64_MAX, kJobsLookedAt)) {
    const TaskCounts counts = store_->counts(job.id);
    if (counts.pending + counts.retrying > 0) return true;
  }
  return false;
}

FarmLoad Replica::load() {
  if (ground_.timeline.now_ms() - looked_at_ms_ < kLoadHoldsMs) return load_;
  looked_at_ms_ = ground_.timeline.now_ms();
  std::int64_t slots = 0, waiting = 0;
  for (const WorkerRecord& worker : store_->workers("", 1000, false)) {
    if (worker.state == WorkerState::kActive) slots += worker.spec.slots;
  }
  JobFilter running;
  running.states = {JobState::kRunning};
  for (const JobRecord& job : store_->jobs(running, INT64_MAX, kJobsLookedAt))
    waiting += store_->counts(job.id).pending;
  load_ = {waiting, slots};
  return load_;
}

void Replica::give_back(const std::vector<Lease>& leases) {
  try {
    for (const Lease& lease : leases) ground_.witness.released(lease.id, store_->release(lease.id));
  } catch (const StoreError&) {
    ground_.witness.outcome_unknown();  // they run out
  }
}

bool Replica::serve(Waiter& waiter) {
  try {
    std::vector<Lease> leases;
    ClaimRequest request = waiter.request;
    const WantedTasks wanted = fetch_share(waiter.wanted, load());
    request.max_tasks = wanted.at_once + wanted.ahead;
    request.spare = wanted.spare;
    if (wanted.total() > 0) {
      leases = store_->claim(request);
      ground_.witness.claimed(request.worker_id, leases);
    }
    if (leases.empty()) return false;
    if (waiter.is_gone()) {
      give_back(leases);
      return true;
    }
    Acquired acquired{waiter.state, {}};
    for (const Lease& lease : leases) {
      const auto job = store_->job(lease.job_id);
      if (!job) throw Violation("a lease of a job that is not there");
      acquired.grants.push_back({lease, job->header});
    }
    waiter.reply(CallStatus::kOk, acquired);
  } catch (const StoreError&) {
    ground_.witness.outcome_unknown();
    waiter.reply(CallStatus::kUnavailable, {});
  }
  return true;
}

// --- the worker's service ---

WorkerState Replica::register_worker(const WorkerSpec& worker) {
  const WorkerState state = store_->register_worker(worker);
  ground_.witness.worker_set(worker.id, state);
  return state;
}

void Replica::acquire(const AcquireRequest& request, const Reply<Acquired>& reply, std::function<bool()> is_gone) {
  std::optional<WorkerRecord> worker;
  try {
    worker = store_->worker(request.worker_id);
  } catch (const StoreError&) {
    return reply(CallStatus::kUnavailable, {});
  }
  if (!worker || worker->state == WorkerState::kGone) return reply(CallStatus::kNotFound, {});
  if (worker->state != WorkerState::kActive) return reply(CallStatus::kOk, {worker->state, {}});
  Waiter waiter;
  waiter.request.worker_id = request.worker_id;
  waiter.request.lease_ms = ground_.lease_ms;
  waiter.request.engine = worker->spec.engine;
  waiter.wanted = request.wanted;
  waiter.request.spare_cost = kSpareCostS * static_cast<double>(worker->spec.slots);
  waiter.until_ms = ground_.timeline.now_ms() + request.wait_ms;
  waiter.is_gone = std::move(is_gone);
  waiter.reply = reply;
  waiter.state = worker->state;
  waiters_.push_back(std::move(waiter));
  raise();
  turn_desk();
}

Heartbeat Replica::heartbeat(const std::string& worker_id, const std::vector<LeaseId>& leases,
                             const std::string& trouble) {
  if (!trouble.empty()) {
    store_->set_worker_state(worker_id, WorkerState::kQuarantined, trouble);
    ground_.witness.worker_set(worker_id, WorkerState::kQuarantined);
  }
  const Heartbeat heard = store_->heartbeat(worker_id, leases, ground_.lease_ms, "");
  ground_.witness.beaten(worker_id, leases, heard);
  return heard;
}

Recalled Replica::recall(const std::string& path, const std::string& cache_key) {
  Recalled recalled;
  recalled.known = store_->find_outputs(path);
  if (const auto found = store_->find_result(cache_key)) recalled.result_json = found->result_json;
  return recalled;
}

bool Replica::announce(const LeaseId& lease, const std::vector<OutputRecord>& outputs) {
  const bool is_held = store_->announce_outputs(lease, outputs);
  ground_.witness.announced(lease, is_held);
  return !is_held;
}

bool Replica::commit(const LeaseId& lease, const Commit& commit) {
  const CommitOutcome outcome = store_->commit(lease, commit);
  ground_.witness.committed(lease, commit, outcome);
  return outcome == CommitOutcome::kLost;
}

bool Replica::fail(const LeaseId& lease, FailureClass failure_class, const std::string& code) {
  const FailOutcome outcome = store_->fail(lease, failure_class, code, "", random_.real01(), {});
  ground_.witness.failed(lease, failure_class, code, outcome);
  raise();
  return outcome.is_lost;
}

Nothing Replica::release(const LeaseId& lease) {
  ground_.witness.released(lease, store_->release(lease));
  raise();
  return {};
}

// --- the services for people ---

JobId Replica::create_job(const JobPlan& plan) {
  const SubmitResult made = store_->create_job(plan.header);
  if (made.outcome == SubmitOutcome::kConflict) throw Refused{CallStatus::kRefused};
  ground_.witness.job_made(plan, made.job_id);
  return made.job_id;
}

AddResult Replica::add_tasks(JobId job, std::int64_t first, const std::vector<TaskSpec>& tasks) {
  return store_->add_tasks(job, first, tasks);
}

bool Replica::seal_job(JobId job, std::int64_t count) {
  const bool is_sealed = store_->seal_job(job, count);
  ground_.witness.stepped(job);
  raise();
  return is_sealed;
}

JobState Replica::job_state(JobId job) {
  const auto record = store_->job(job);
  if (!record) throw Refused{CallStatus::kNotFound};
  return record->state;
}

Nothing Replica::cancel_job(JobId job) {
  const bool was_done = store_->cancel(job) || job_state(job) == JobState::kCancelled;
  if (was_done) ground_.witness.cancelled(job);
  raise();
  if (!was_done) throw Refused{CallStatus::kRefused};
  return {};
}

Nothing Replica::pause_job(JobId job) {
  const bool was_done = store_->pause(job) || job_state(job) == JobState::kPaused;
  ground_.witness.stepped(job);
  raise();
  if (!was_done) throw Refused{CallStatus::kRefused};
  return {};
}

Nothing Replica::resume_job(JobId job) {
  const bool was_done = store_->resume(job) || job_state(job) == JobState::kRunning;
  ground_.witness.stepped(job);
  raise();
  if (!was_done) throw Refused{CallStatus::kRefused};
  return {};
}

Nothing Replica::retry_job(JobId job) {
  const JobState before = job_state(job);
  const bool can = before != JobState::kCancelled && before != JobState::kCancelling && before != JobState::kAccepting;
  if (!can) throw Refused{CallStatus::kRefused};
  ground_.witness.retries(job);  // also one that crashes this replica once it is done
  store_->retry_failed(job);
  ground_.witness.outcome_unknown();
  raise();
  return {};
}

Nothing Replica::set_priority(JobId job, int priority) {
  if (!store_->set_priority(job, priority)) throw Refused{CallStatus::kRefused};
  return {};
}

Nothing Replica::set_deadline(JobId job, std::int64_t finish_by_ms) {
  if (!store_->set_deadline(job, finish_by_ms)) throw Refused{CallStatus::kRefused};
  return {};
}

Nothing Replica::set_workers(const std::string& name, WorkerState state) {
  std::vector<WorkerRecord> alive, gone;
  for (const WorkerRecord& worker : store_->workers("", 1000, true)) {
    if (worker.spec.name == name) (worker.state == WorkerState::kGone ? gone : alive).push_back(worker);
  }
  const std::vector<WorkerRecord>& called = alive.empty() ? gone : alive;
  if (called.empty()) throw Refused{CallStatus::kNotFound};
  for (const WorkerRecord& worker : called) {
    if (worker.state == WorkerState::kGone && state != WorkerState::kActive) throw Refused{CallStatus::kNotFound};
    store_->set_worker_state(worker.spec.id, state, "by a person");
    if (worker.state != WorkerState::kGone) ground_.witness.worker_set(worker.spec.id, state);
  }
  raise();
  return {};
}

}  // namespace lathe::scheduler::simulation
