// Which job has its turn next, when several have work to hand out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lathe::scheduler {

struct JobDemand {
  std::int64_t id = 0;
  std::string space;
  int priority = 0;                          // higher goes first
  std::optional<std::int64_t> finish_by_ms;  // the earlier goes first; none: after those that have one
  std::int64_t created_ms = 0;
};

// Returns the jobs, the first to be served first: by priority, then by deadline, then the job of the space that has the
// least of the workers now, measured by `leased_cost` (predicted cost of what is leased, by space; none: 0) over
// `weight` (a space of weight 2 is due twice as much; none: 1; above 0, else std::invalid_argument), then the older
// one.
std::vector<JobDemand> order_jobs(std::vector<JobDemand> jobs, const std::map<std::string, double>& leased_cost,
                                  const std::map<std::string, double>& weight);

}  // namespace lathe::scheduler
