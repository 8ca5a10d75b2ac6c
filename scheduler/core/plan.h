// In which order a job's tasks are handed out: longest first, album by album.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lathe::scheduler {

struct TaskCost {
  std::string album;          // tasks of one album stay together
  double predicted_cost = 0;  // any unit, the same for all; finite and not negative
};

// Returns the indices of the tasks, the first to be claimed first. The album with the greatest total goes first, and in
// it the longest track: what is started last is short, so the workers end close together. Equal albums are ordered by
// name, equal tracks by index, so the same tasks always give the same plan.
// Throws std::invalid_argument for a cost that is negative or not finite.
std::vector<std::size_t> plan_order(const std::vector<TaskCost>& tasks);

}  // namespace lathe::scheduler
