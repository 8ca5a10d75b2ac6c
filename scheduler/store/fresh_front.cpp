#include "scheduler/store/fresh_front.h"

#include <algorithm>

namespace lathe::scheduler {
namespace {

constexpr int kClaimsPerLookUp = 200;
constexpr std::size_t kMostJobs = 10'000;

}  // namespace

std::int64_t FreshFront::of(SqlTransaction& transaction, JobId job) {
  std::int64_t known = INT64_MIN;
  {
    const std::lock_guard lock(mutex_);
    if (fronts_.size() > kMostJobs) fronts_.clear();
    Front& front = fronts_[job];
    if (front.asked++ % kClaimsPerLookUp != kClaimsPerLookUp - 1) return front.rank;
    known = front.rank;
  }
  Rows row = transaction.query(
      "SELECT plan_rank FROM task {sqlite: INDEXED BY task_fresh} "
      "WHERE job_id = ?1 AND state = 'PENDING' AND token = 0 AND plan_rank >= ?2 ORDER BY plan_rank LIMIT 1",
      job, known);
  if (!row.step()) return known;
  const std::int64_t found = row.integer(0);
  const std::lock_guard lock(mutex_);
  Front& front = fronts_[job];
  front.rank = std::max(front.rank, found);
  return front.rank;
}

}  // namespace lathe::scheduler
