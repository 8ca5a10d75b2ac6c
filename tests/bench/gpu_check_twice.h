// The same job on the same device: again, on a stream of its own, beside another thread. Each time the same bits.
#pragma once

#include <vector>

#include "tests/bench/gpu_check_findings.h"
#include "tests/bench/gpu_check_job.h"

namespace lathe::bench {

// One check a way of doing it again. A pass that throws fails its check.
void check_twice(Findings& findings, const std::vector<Job>& jobs, const OpenBackend& open);

}  // namespace lathe::bench
