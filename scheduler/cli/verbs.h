// The verbs of the program: each adds its options to the command line and gives the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace lathe::cli {

// DESIGN's contract: 0 all well, 1 some tracks failed, 2 usage or recipe error, 3 nothing could be read or reached,
// 6 cancelled.
enum ExitCode { kOk = 0, kSomeFailed = 1, kUsage = 2, kNothingRead = 3, kCancelled = 6 };

// The chosen verb sets `run`.
using Run = std::function<int()>;
void add_master(CLI::App& app, Run& run);
void add_recipe(CLI::App& app, Run& run);
void add_doctor(CLI::App& app, Run& run);

}  // namespace lathe::cli
