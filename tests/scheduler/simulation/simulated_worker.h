// A worker's machine: the process that supervises, on the real WorkerSession, and its executors. It does what
// scheduler/worker/farm_worker.cpp does, and can be killed, stopped and restarted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/simulated_executor.h"

namespace lathe::scheduler::simulation {

class SimulatedWorker {
 public:
  SimulatedWorker(const Ground& ground, const WorkerSetting& setting, Endpoint endpoint,
                  std::vector<std::unique_ptr<Replica>>& replicas, Folder& folder, Random random);
  ~SimulatedWorker();
  SimulatedWorker(const SimulatedWorker&) = delete;
  SimulatedWorker& operator=(const SimulatedWorker&) = delete;

  void start();
  // All memory of it is gone, and its executors with it. It comes back after so long.
  void crash(std::int64_t back_after_ms);
  // It stands still for so long; its executors too, or they go on alone.
  void stand_still(std::int64_t for_ms, bool executors_too);
  // SIGTERM: gives back what it has begun, or ends it first, and comes back some time.
  void end(bool gives_back);
  void lose_gpu();
  // Nothing goes wrong by itself any more.
  void calm();

  Endpoint endpoint() const { return endpoint_; }
  const WorkerSetting& setting() const { return setting_; }
  bool is_up() const { return life_ != nullptr; }
  // The id under which it is at work on the task, under another lease than this one, and thinks it may be.
  std::string at_work(const LeaseId& except) const;
  // Any of its lives, so far, that lost its GPU.
  bool was_in_trouble(const std::string& id) const;
  std::int64_t fenced() const { return fenced_; }
  // It stands still while a file of this job gets its name.
  std::function<void(JobId)> on_stopped_at_rename = [](JobId) {};

 private:
  class Life;
  void ended(std::int64_t back_after_ms);

  const Ground ground_;
  WorkerSetting setting_;
  const Endpoint endpoint_;
  std::vector<std::unique_ptr<Replica>>& replicas_;
  Folder& folder_;
  Random random_;
  std::shared_ptr<Life> life_;
  std::int64_t lives_ = 0, fenced_ = 0;
  std::vector<std::string> in_trouble_;
};

}  // namespace lathe::scheduler::simulation
