// Runs many seeds on all processors, or replays one with its record: scripts/simulate calls it.
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/scheduler/simulation/seed_range.h"

using namespace lathe::scheduler::simulation;

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::int64_t seeds = 2'000, first = 1, replayed = -1;
  const PlantedBug* bug = nullptr;
  int numbers = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool has_value = i + 1 < arguments.size();
    if (arguments[i] == "--replay" && has_value) {
      replayed = std::atoll(arguments[++i].c_str());
    } else if (arguments[i] == "--bug" && has_value) {
      bug = planted_bug_named(arguments[++i]);
      if (bug == nullptr) {
        for (const PlantedBug& known : planted_bugs()) fmt::print("{:30} {}\n", known.name, known.sentence);
        return 2;
      }
    } else {
      (numbers++ == 0 ? seeds : first) = std::atoll(arguments[i].c_str());
    }
  }
  if (replayed >= 0) {
    SimulatedDisk disk;
    const Outcome outcome = simulate(disk, static_cast<std::uint64_t>(replayed), bug, Record::kEchoed);
    fmt::print("{}\n", outcome.violation.empty() ? "all is well" : outcome.violation);
    return outcome.violation.empty() ? 0 : 1;
  }
  const RangeResult result =
      simulate_range(static_cast<std::uint64_t>(first), seeds, {.bug = bug, .most_failed = 20, .reports = true});
  fmt::print("{}", result.summary());
  for (const std::string& text : result.stories) fmt::print("\n{}", text);
  return result.failed_seeds.empty() ? 0 : 1;
}
