// One of several schedulers on one store: does with each call what the services in scheduler/service do, without
// threads and wire, and crashes.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/fetch_share.h"
#include "scheduler/store/sql_job_store.h"
#include "scheduler/store/store_error.h"
#include "tests/scheduler/simulation/network.h"
#include "tests/scheduler/simulation/planted_bugs.h"
#include "tests/scheduler/simulation/witness.h"

namespace lathe::scheduler::simulation {

struct ReplicaFaults {
  double crash_at_commit = 0;    // half of them before the transaction, half after it
  double crash_at_answer = 0;    // all is done, and nobody hears of it
  double store_away = 0;         // the store's connection breaks, before or after the commit
  std::int64_t down_ms = 5'000;  // at most
};

// A call that is answered with something else than OK.
struct Refused {
  CallStatus status;
};

struct Grant {
  Lease lease;
  JobHeader header;
};
struct Acquired {
  WorkerState state = WorkerState::kActive;
  std::vector<Grant> grants;
};
struct Recalled {
  std::vector<KnownOutput> known;
  std::optional<std::string> result_json;
};
struct Nothing {};

// What all replicas stand on.
struct Ground {
  Timeline& timeline;
  Network& network;
  SimulatedDisk& disk;
  const StoreClock& clock;
  Witness& witness;
  const PlantedBug* bug = nullptr;
  std::int64_t* bug_hits = nullptr;
  std::int64_t lease_ms = 30'000;
};

class Replica {
 public:
  Replica(const Ground& ground, Endpoint endpoint, Random random, const ReplicaFaults& faults);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  Endpoint endpoint() const { return endpoint_; }
  bool is_up() const { return store_ != nullptr; }
  // While it is down: its machine is there and says that nobody listens.
  bool is_refusing() const { return is_refusing_; }
  void start();
  void crash();
  void calm() { faults_ = {}; }
  std::int64_t crashes() const { return crashes_; }

  // For call(): see network.h.
  void receive(std::function<void(Replica&)> request);
  void watch_call(std::function<void()> on_death, std::function<bool()> is_open);
  template <class Response>
  Reply<Response> in_this_life(Reply<Response> back);
  // Answers with what `work` returns, or with what stopped it.
  template <class Response, class Work>
  void answer(const Reply<Response>& reply, Work&& work);

  // --- the services ---
  WorkerState register_worker(const WorkerSpec& worker);
  struct AcquireRequest {
    std::string worker_id;
    WantedTasks wanted;
    std::int64_t wait_ms = 0;
  };
  void acquire(const AcquireRequest& request, const Reply<Acquired>& reply, std::function<bool()> is_gone);
  Heartbeat heartbeat(const std::string& worker_id, const std::vector<LeaseId>& leases, const std::string& trouble);
  Recalled recall(const std::string& path, const std::string& cache_key);
  bool announce(const LeaseId& lease, const std::vector<OutputRecord>& outputs);  // true: lost
  bool commit(const LeaseId& lease, const Commit& commit);                        // true: lost
  bool fail(const LeaseId& lease, FailureClass failure_class, const std::string& code);
  Nothing release(const LeaseId& lease);
  JobId create_job(const JobPlan& plan);
  AddResult add_tasks(JobId job, std::int64_t first, const std::vector<TaskSpec>& tasks);
  bool seal_job(JobId job, std::int64_t count);
  JobState job_state(JobId job);
  Nothing cancel_job(JobId job);
  Nothing pause_job(JobId job);
  Nothing resume_job(JobId job);
  Nothing retry_job(JobId job);
  Nothing set_priority(JobId job, int priority);
  Nothing set_deadline(JobId job, std::int64_t finish_by_ms);
  Nothing set_workers(const std::string& name, WorkerState state);

 private:
  struct Waiter {
    ClaimRequest request;
    WantedTasks wanted;
    std::int64_t until_ms = 0;
    std::function<bool()> is_gone;
    Reply<Acquired> reply;
    WorkerState state = WorkerState::kActive;
  };
  void later(std::int64_t ms, std::function<void()> event);  // unless it crashes before
  void guarded(const std::function<void()>& work);
  void keep();
  void raise();
  void turn_desk();
  void serve_waiters();
  bool serve(Waiter& waiter);
  bool is_work_about();
  FarmLoad load();
  void give_back(const std::vector<Lease>& leases);
  void maybe_crash(double probability);
  void maybe_fail(const char* when);

  const Ground ground_;
  const Endpoint endpoint_;
  Random random_;
  ReplicaFaults faults_;
  std::unique_ptr<SqlJobStore> store_;
  std::int64_t life_ = 0, crashes_ = 0;
  bool is_refusing_ = true, has_news_ = false, is_polling_ = false;
  std::list<Waiter> waiters_;
  std::int64_t looked_at_ms_ = -1'000'000;
  FarmLoad load_;
  struct Watched {
    std::function<void()> on_death;
    std::function<bool()> is_open;
  };
  std::vector<Watched> watched_;
};

template <class Response>
Reply<Response> Replica::in_this_life(Reply<Response> back) {
  return [this, life = life_, back = std::move(back)](CallStatus status, const Response& response) {
    if (life != life_) return;
    maybe_crash(faults_.crash_at_answer);
    later(random_.between(0, 3), [back, status, response] { back(status, response); });
  };
}

template <class Response, class Work>
void Replica::answer(const Reply<Response>& reply, Work&& work) {
  try {
    reply(CallStatus::kOk, work());
  } catch (const Refused& refusal) {
    reply(refusal.status, {});
  } catch (const StoreError&) {
    ground_.witness.outcome_unknown();
    reply(CallStatus::kUnavailable, {});
  }
}

}  // namespace lathe::scheduler::simulation
