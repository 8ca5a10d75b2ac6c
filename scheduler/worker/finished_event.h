// A finished task as the supervisor hears of it.
#pragma once

#include <string>
#include <vector>

#include "lathe/v1/executor.pb.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {

// Its files are on the disk; notes their times in the task.
v1::ExecutorEvent finished_event(FinishedTask& task, const v1::LeaseRef& lease, std::vector<std::string> log_lines);

// A file of other origin that holds the very same bytes (Lathe's state was lost, say) is as good as ours: it stays.
bool holds_the_same(const OutputRecord& output);

}  // namespace lathe::scheduler
