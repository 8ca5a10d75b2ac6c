// Where in a job's plan the first task stands that was never claimed.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "scheduler/store/sql_transaction.h"

namespace lathe::scheduler {

// In PostgreSQL the index of the fresh tasks keeps an entry for each one that was claimed since the last vacuum, and a
// search from its start steps over all of them: each claim would cost more than the one before. Fresh tasks only become
// fewer, and what comes back is found by another index; so no fresh task ever stands before where one was seen last,
// and the search starts there. Looked up again every few hundred claims.
class FreshFront {
 public:
  // All fresh tasks of the job have at least this rank. Ask before the transaction claims anything of the job: what it
  // has claimed, and gives back when it is undone, would be overlooked.
  std::int64_t of(SqlTransaction& transaction, JobId job);

 private:
  struct Front {
    std::int64_t rank = INT64_MIN;
    int asked = 0;
  };
  std::mutex mutex_;
  std::unordered_map<JobId, Front> fronts_;
};

}  // namespace lathe::scheduler
