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

struct RangeSetting {
  const PlantedBug* bug = nullptr;
  std::size_t most_failed = 20;  // it ends early after so many
  bool reports = false;          // says now and then on standard error how far it is
};
RangeResult simulate_range(std::uint64_t first, std::int64_t seeds, const RangeSetting& setting);

}  // namespace lathe::scheduler::simulation
