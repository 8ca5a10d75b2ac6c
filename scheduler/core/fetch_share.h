// How much work a worker asks for, and how much of it it gets beyond what it can begin at once.
#pragma once

#include <cstdint>

namespace lathe::scheduler {

// The most tasks of one call.
constexpr int kMostTasksAtOnce = 64;

struct WantedTasks {
  int at_once = 0;  // to be worked on
  int ahead = 0;    // to be fetched ahead: one a slot
  int spare = 0;    // more of those, if they are short: then what a call costs is shared by several
  int total() const { return at_once + ahead + spare; }
};

// What is to be done, and who is there to do it.
struct FarmLoad {
  std::int64_t waiting = 0;  // tasks
  std::int64_t slots = 0;    // of active workers
};

// Spare tasks are given while those of a slot are predicted to take no longer than this together.
constexpr double kSpareCostS = 0.5;

// Fetching ahead pays while there is more to do than hands; towards the end it would keep work from idle ones.
inline WantedTasks fetch_share(WantedTasks wanted, const FarmLoad& load) {
  if (load.waiting <= 2 * load.slots) wanted.ahead = 0;
  if (load.waiting <= 10 * load.slots) wanted.spare = 0;
  return wanted;
}

}  // namespace lathe::scheduler
