// From one start of a worker's process to its end. Included by the worker's .cpp files only.
#pragma once

#include "tests/scheduler/simulation/simulated_worker.h"

namespace lathe::scheduler::simulation {

// A worker that does not fence believes in its leases for so long.
inline constexpr std::int64_t kCarelessLeaseMs = 100'000'000;

class SimulatedWorker::Life final : public WorkerPort, public std::enable_shared_from_this<Life> {
 public:
  Life(SimulatedWorker& worker, std::int64_t number);

  void begin();
  // No event of this life happens any more.
  void end();
  void stand_still(std::int64_t for_ms, bool executors_too);
  void drain(bool gives_back);
  void lose_gpu();
  std::string at_work(const LeaseId& except) const;
  const std::string& id() const { return id_; }

 private:
  struct Slot {
    std::shared_ptr<SimulatedExecutor> executor;
    std::int64_t generation = 0;
    bool is_ready = false;
    std::int64_t pipe_ms = 0;  // when what was sent last arrives
  };
  struct Work {
    Grant grant;
    Commit commit;
    int slot = 0;
  };

  void post(std::function<void()> event);
  void turn();
  void tick();
  void register_worker();
  void start_executor(int slot);
  void on_executor_ended(int slot);
  // An event of this slot's executor, in order, unless another has taken its place.
  std::function<void(std::function<void()>)> pipe_of(int slot);
  void send_to(int slot, std::function<void(SimulatedExecutor&)> command);
  void ask_recall(LeaseKey lease, const std::function<void(const std::optional<Recalled>&)>& answer, int tries);
  template <class Response, class There>
  OpenCall call_farm(std::int64_t deadline_ms, There work, Reply<Response> answer);
  WorkerSession::Answer answer_of(CallStatus status, bool is_lost) const;

  // WorkerPort
  void acquire(std::int64_t call, const WantedTasks& wanted, bool waits) override;
  void end_acquire(std::int64_t call) override;
  void heartbeat(std::int64_t call, const std::vector<LeaseKey>& leases) override;
  void announce(LeaseKey lease) override;
  void commit(LeaseKey lease) override;
  void fail(LeaseKey lease, const AttemptFailure& failure) override;
  void release(LeaseKey lease) override;
  void start(int slot, LeaseKey lease) override;
  void publish(int slot, LeaseKey lease, std::int64_t until_ms) override;
  void drop(int slot, LeaseKey lease) override;
  void kill(int slot) override;
  void forget(LeaseKey lease) override { work_.erase(lease); }

  SimulatedWorker& worker_;
  const Ground& ground_;
  Random random_;
  const std::string id_;
  bool is_over_ = false, is_stopped_ = false, is_ending_ = false;
  bool is_registering_ = false;
  int tries_ = 0;
  std::string trouble_;
  std::size_t replica_ = 0;
  std::vector<std::function<void()>> inbox_;
  std::vector<Slot> slots_;
  std::unique_ptr<WorkerSession> session_;
  std::map<LeaseKey, Work> work_;
  std::map<LeaseKey, std::int64_t> valid_until_ms_;  // as this worker sees it
  std::function<void()> end_acquire_;
};

template <class Response, class There>
OpenCall SimulatedWorker::Life::call_farm(std::int64_t deadline_ms, There work, Reply<Response> answer) {
  return call<Response>(ground_.timeline, ground_.network, worker_.endpoint_, *worker_.replicas_[replica_], deadline_ms,
                        std::move(work),
                        [weak = weak_from_this(), answer = std::move(answer)](CallStatus status, const Response& r) {
                          const auto self = weak.lock();
                          if (!self) return;
                          self->post([life = self.get(), answer, status, r] {
                            // The channel finds another replica.
                            if (status == CallStatus::kUnavailable) {
                              const int count = static_cast<int>(life->worker_.replicas_.size());
                              life->replica_ = static_cast<std::size_t>(life->random_.below(count));
                            }
                            answer(status, r);
                          });
                        });
}

}  // namespace lathe::scheduler::simulation
