// One life of a worker, from one registration to its end: events of the scheduler, of executors and of time go into the
// session, and what the session wants is done. All of it belongs to one thread; the queue brings what others have to
// say. Included by .cpp files only.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/worker_session.h"
#include "scheduler/worker/attempt_log.h"
#include "scheduler/worker/executor_process.h"
#include "scheduler/worker/farm_worker.h"
#include "scheduler/worker/scheduler_calls.h"
#include "scheduler/worker/slot_memory.h"

namespace lathe::scheduler {

inline constexpr std::chrono::milliseconds kTick{50};

inline v1::LeaseRef ref_of(LeaseKey key) {
  v1::LeaseRef lease;
  lease.set_task_id(key.task_id);
  lease.set_token(key.token);
  return lease;
}

class WorkerLife final : private WorkerPort {
 public:
  using Connect = std::function<std::shared_ptr<grpc::Channel>()>;
  WorkerLife(const FarmWorkerSetting& setting, Connect connect, const std::atomic<WorkerOrder>& order,
             std::function<void(const v1::WorkerLoad&)> on_load);
  ~WorkerLife() override;

  // True: the scheduler does not know it any more, and it must register anew.
  bool run();

 private:
  struct Slot {
    std::unique_ptr<ExecutorProcess> process;
    std::int64_t generation = 0;
    bool is_ready = false;
    int deaths_unready = 0;
    std::int64_t restart_ms = 0;  // when it is to be started again; 0: it runs
  };
  struct Work {
    v1::LeasedTask task;
    v1::CommitResultRequest result;
    AttemptLog log;
    double share = 0;
    std::string stage;
    std::int64_t began_ms = 0;  // when an executor began with it; 0: none has
    std::int64_t heard_ms = 0;  // when the executor last said something of it; 0: it has not begun, or is done
  };

  bool is_told_to_end() const;
  void news(const std::string& text) const;

  // Does what has come, and what is due.
  void turn();

  // An executor that says nothing of its track for long hangs: it is killed, and the track told so.
  void end_stalled();
  void obey();

  // Best effort: without it the scheduler finds out by itself, later.
  void say_goodbye();

  // --- registration ---
  bool register_worker();
  void begin_session(const v1::RegisterResponse& response);

  // True if the answer means the end of this worker; its exception is thrown from the loop.
  bool note_refusal(const grpc::Status& status);

  // --- executors ---
  void start_executor(int s);
  void on_executor_end(int s, const std::string& how);
  void on_event(int s, const v1::ExecutorEvent& event);
  void on_attempt_failed(int s, const v1::ExecutorEvent::Failed& failed, std::int64_t now);

  // The executor's process can use no GPU any more, through no fault of the track: that is given back.
  void lose_gpu(const std::string& how);
  void grant(int s, std::int64_t request);
  void send(int s, const v1::ExecutorCommand& command);
  void recall(int s, const v1::ExecutorEvent::Question& question);

  // Asked again for as long as the lease can hold; then the executor has been killed anyway.
  void ask_recall(int s, std::int64_t generation, std::int64_t question, const v1::RecallRequest& request, int tries);
  // The attempt's log as its end takes it along.
  void put_log(const AttemptLog& log, google::protobuf::RepeatedPtrField<v1::LogLine>& lines) const;
  // What to say of an attempt that ends badly.
  void say_failure(const Work& work, const AttemptFailure& failure, AttemptLog& log) const;
  void add_load(const v1::WorkerLoad& load);

  // --- the session's calls ---
  // What an answer means for an attempt. What no repeating can mend counts as lost: the lease runs out, and the
  // scheduler says what becomes of the task.
  WorkerSession::Answer answer_of(const grpc::Status& status, bool is_lost);

  // The stub's methods are overloaded; this names the one that takes a callback.
  template <class Request, class Response>
  using CallbackMethod = void (SchedulerCalls::Async::*)(grpc::ClientContext*, const Request*, Response*,
                                                         std::function<void(grpc::Status)>);
  template <class Request, class Response>
  static CallbackMethod<Request, Response> pick(CallbackMethod<Request, Response> method) {
    return method;
  }

  void acquire(std::int64_t call, const WantedTasks& wanted, bool waits) override;
  void end_acquire(std::int64_t) override;
  void heartbeat(std::int64_t call, const std::vector<LeaseKey>& leases) override;
  void announce(LeaseKey lease) override;
  void commit(LeaseKey lease) override;
  void fail(LeaseKey lease, const AttemptFailure& failure) override;
  void release(LeaseKey lease) override;
  void start(int slot, LeaseKey lease) override;
  void publish(int slot, LeaseKey lease, std::int64_t until_ms) override;
  void drop(int slot, LeaseKey lease) override;
  void kill(int slot) override;
  void forget(LeaseKey lease) override;

  const std::function<void(const v1::WorkerLoad&)> on_load_;
  const FarmWorkerSetting& setting_;
  const std::atomic<WorkerOrder>& order_;
  WorkerOrder obeyed_ = WorkerOrder::kWork;
  EventQueue queue_;
  std::unique_ptr<SchedulerCalls> calls_, beats_;
  std::shared_ptr<grpc::ClientContext> acquiring_;
  SlotMemory memory_;
  std::vector<Slot> slots_;
  std::optional<WorkerSession> session_;
  std::map<LeaseKey, Work> work_;
  std::map<std::int64_t, v1::JobSpec> jobs_;
  std::string id_, gpu_, trouble_;
  std::optional<std::string> engine_, unfit_, denied_;
  bool gpu_is_lost_ = false;
  v1::WorkerLoad load_;
  std::int64_t beaten_ms_ = 0;
};

std::string host_name();

inline LeaseKey key_of(const v1::LeaseRef& lease) { return {lease.task_id(), lease.token()}; }

}  // namespace lathe::scheduler
