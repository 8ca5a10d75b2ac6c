// The parts of gpu_check that only a GPU can do, for callers without CUDA headers. All throw BackendAbsent, CudaError.
#pragma once

#include <vector>

#include "tests/bench/gpu_check_bandwidth.h"
#include "tests/bench/gpu_check_batch.h"
#include "tests/bench/gpu_check_speed.h"

namespace lathe::bench::on_gpu {

// Passes as users get them, in device memory that is full of NaN at first.
OpenBackend poisoned_passes();
// The same in memory as it is.
OpenBackend passes();
// Every kernel of ours on the GPU, transforms and gating on the CPU; memory as it is.
OpenBackend passes_without_libraries();

void check_batch(Findings& findings, const BatchShape& shape);
std::vector<CopySpeed> measure_copies(const CopyShape& shape);

struct Speeds {
  std::vector<StageSpeed> stages;
  std::vector<StepTime> steps;
};
Speeds measure_speeds(const SpeedShape& shape);

}  // namespace lathe::bench::on_gpu
