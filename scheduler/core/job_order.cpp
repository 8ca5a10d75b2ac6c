#include "scheduler/core/job_order.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace lathe::scheduler {

std::vector<JobDemand> order_jobs(std::vector<JobDemand> jobs, const std::map<std::string, double>& leased_cost,
                                  const std::map<std::string, double>& weight) {
  for (const auto& [space, value] : weight) {
    if (!(value > 0)) throw std::invalid_argument("the weight of the space '" + space + "' must be above 0");
  }
  const auto share_of = [&](const std::string& space) {
    const auto cost = leased_cost.find(space);
    if (cost == leased_cost.end()) return 0.0;
    const auto of_space = weight.find(space);
    return cost->second / (of_space == weight.end() ? 1.0 : of_space->second);
  };
  const auto key = [&](const JobDemand& job) {
    return std::tuple(-job.priority, job.finish_by_ms.value_or(INT64_MAX), share_of(job.space), job.created_ms, job.id);
  };
  std::sort(jobs.begin(), jobs.end(), [&](const JobDemand& a, const JobDemand& b) { return key(a) < key(b); });
  return jobs;
}

}  // namespace lathe::scheduler
