// Waiting for a job, and leaving it to itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scheduler/cli/farm_verb.h"

namespace lathe::cli {

struct WatchEnd {
  std::optional<v1::Job> job;  // as it ended; none if the watching ended before it
  int exit_code = 0;           // where there is none: 0 detached by Ctrl-C, 5 by --timeout
};

// What ended before the watching began is told too, or is in the job's counts alone.
enum class WatchFrom { start, now };

// Until the job ends, whatever becomes of the scheduler meanwhile. With `as_json` each message becomes a line on
// stdout, else the way is shown on stderr, with `is_quiet` only what failed. Ctrl-C detaches and says how to come back;
// so does --timeout.
WatchEnd watch_job(scheduler::FarmConnection& farm, std::int64_t job_id, const FarmFlags& flags, bool as_json,
                   bool is_quiet, WatchFrom from);

}  // namespace lathe::cli
