// Mistakes that a farm like this one could have, to show that the simulation would see them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/simulated_disk.h"

namespace lathe::scheduler::simulation {

struct PlantedBug {
  std::string name;                 // as in "--bug=NAME"
  std::string sentence;             // what is wrong
  std::int64_t found_within = 100;  // seeds from first_seed on; a test holds the simulation to it
  std::uint64_t first_seed = 1;
  // In the store.
  std::vector<SqlEdit> edits{};
  std::string replayed{};      // a query that is answered with what it found the time before
  bool loses_commits = false;  // now and then a transaction that was said to be committed is not
  // In workers.
  bool worker_ignores_lost = false;     // goes on with a lease that it was told it lost
  bool worker_does_not_fence = false;   // goes on with a lease that it could not renew
  bool executor_keeps_dropped = false;  // a file that was dropped while it was synced stays
  bool taken_is_final = false;          // a name that was taken meanwhile fails the track for good
};

std::span<const PlantedBug> planted_bugs();
// Null if there is none of this name.
const PlantedBug* planted_bug_named(const std::string& name);

}  // namespace lathe::scheduler::simulation
