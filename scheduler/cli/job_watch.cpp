#include "scheduler/cli/job_watch.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "scheduler/cli/farm_json.h"
#include "scheduler/cli/job_display.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/verbs.h"

namespace lathe::cli {

using namespace lathe::scheduler;

WatchEnd watch_job(FarmConnection& farm, std::int64_t job_id, const FarmFlags& flags, bool as_json, bool is_quiet,
                   WatchFrom from) {
  farm.wait_without_end();
  WatchEnd end;
  v1::WatchJobRequest request;
  request.set_job_id(job_id);
  request.set_with_tasks(true);
  if (from == WatchFrom::start) request.set_after_sequence(1);  // 0 would be "from now"
  const std::string come_back =
      fmt::format("the job goes on. See it with: lathe watch {0}{1}; its report: lathe report {0}{1}", job_id,
                  scheduler_option(flags));
  try {
    JobDisplay display(is_quiet);
    farm.watch(request, [&](const v1::WatchJobResponse& message) {
      if (!as_json) display.show(message);
      if (as_json && !print_json(document("lathe.watch.v1", watch_json(message)), -1)) {
        end.exit_code = kOk;  // whoever read it has enough
        return false;
      }
      if (is_over(message.job().state())) end.job = message.job();
      return true;
    });
  } catch (const FarmError& error) {
    if (error.fault() != FarmFault::interrupted && error.fault() != FarmFault::deadline) throw;
    const bool is_interrupted = error.fault() == FarmFault::interrupted;
    say((is_interrupted ? "detached; " : "--timeout is over; ") + come_back);
    end.exit_code = is_interrupted ? kOk : kDeadline;
  }
  return end;
}

}  // namespace lathe::cli
