// Many seeds, one after the other on each processor.
#pragma once

#include <string>
#include <vector>

#include "tests/scheduler/simulation/world.h"

namespace lathe::scheduler::simulation {

struct RangeResult {
  std::int64_t seeds = 0;
  double seconds = 0;
  std::vector<std::uint64_t> failed_seeds;  // rising
  std::vector<std::string> stories;         // of the first few
  Outcome sum;                              // of all figures
  std::string summary() const;
};

// `reports`: says now and then on standard error how far it is. Ends early after 20 seeds that failed.
RangeResult simulate_range(std::uint64_t first, std::int64_t seeds, const PlantedBug* bug, bool reports);

}  // namespace lathe::scheduler::simulation
