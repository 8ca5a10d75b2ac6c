// Why a task waits, why it is where it is, and why it was tried again, in sentences.
#pragma once

#include <string>
#include <vector>

#include "scheduler/store/job_store.h"

namespace lathe::scheduler {

// What is the case now first, then its history, oldest first.
std::vector<std::string> explain(JobStore& store, const TaskRecord& task, const std::vector<AttemptRecord>& attempts);

}  // namespace lathe::scheduler
