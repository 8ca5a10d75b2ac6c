#include "scheduler/core/plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

namespace lathe::scheduler {

std::vector<std::size_t> plan_order(const std::vector<TaskCost>& tasks) {
  std::unordered_map<std::string, double> total_cost;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const double cost = tasks[i].predicted_cost;
    if (!std::isfinite(cost) || cost < 0) {
      throw std::invalid_argument("the predicted cost of task " + std::to_string(i) + " is negative or not finite");
    }
    total_cost[tasks[i].album] += cost;
  }
  std::vector<double> album_cost(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) album_cost[i] = total_cost[tasks[i].album];

  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (album_cost[a] != album_cost[b]) return album_cost[a] > album_cost[b];
    if (const int names = tasks[a].album.compare(tasks[b].album); names != 0) return names < 0;
    if (tasks[a].predicted_cost != tasks[b].predicted_cost) return tasks[a].predicted_cost > tasks[b].predicted_cost;
    return a < b;
  });
  return order;
}

}  // namespace lathe::scheduler
