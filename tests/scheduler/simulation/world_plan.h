// What a seed makes of a world: how big it is, and what goes wrong in it.
#pragma once

#include <vector>

#include "tests/scheduler/simulation/job_plan.h"
#include "tests/scheduler/simulation/network.h"
#include "tests/scheduler/simulation/simulated_executor.h"

namespace lathe::scheduler::simulation {

struct WorldPlan {
  std::vector<WorkerSetting> workers;
  std::vector<JobPlan> jobs;
  NetworkFaults network;
  ReplicaFaults replica;
  std::int64_t chaos_ms = 0;  // for so long things go wrong
  // How long it is from one of these to the next on average; 0: never.
  std::int64_t worker_crash_ms = 0, stand_still_ms = 0, partition_ms = 0, replica_crash_ms = 0, clock_jump_ms = 0,
               restart_ms = 0, order_ms = 0, gpu_loss_ms = 0;
  bool big_clock_jumps = false;
  bool cancels_often = false;  // what people ask for is nearly always a cancellation
};

WorldPlan plan_world(Random& random);

}  // namespace lathe::scheduler::simulation
