// One simulated farm, all of it made from one seed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/people.h"
#include "tests/scheduler/simulation/simulated_worker.h"

namespace lathe::scheduler::simulation {

struct Outcome {
  std::string violation;            // empty: all is well
  std::vector<std::string> record;  // the last of what happened, if it was kept
  Witness::Figures figures;
  std::int64_t events = 0, replica_crashes = 0, fenced = 0, bug_hits = 0;
  std::int64_t simulated_ms = 0;
};

enum class Record { kNone, kKept, kEchoed };

// The same seed gives the same outcome, on any machine. `bug`: planted, or null.
Outcome simulate(SimulatedDisk& disk, std::uint64_t seed, const PlantedBug* bug = nullptr,
                 Record record = Record::kNone);

// How one replays a seed, for a message.
std::string replay_command(std::uint64_t seed, const PlantedBug* bug);
// The violation, the end of the record and the command, of a seed that failed.
std::string story(SimulatedDisk& disk, std::uint64_t seed, const PlantedBug* bug);

}  // namespace lathe::scheduler::simulation
