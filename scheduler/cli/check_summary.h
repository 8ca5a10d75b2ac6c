// What the recipe's checks came to over a whole batch, for people.
#pragma once

#include <string>
#include <vector>

#include "scheduler/worker/local_batch.h"

namespace lathe::cli {

// A line for each delivery profile and each codec that was asked for; none where nothing was.
std::vector<std::string> check_summary(const std::vector<scheduler::TrackOutcome>& tracks);

}  // namespace lathe::cli
