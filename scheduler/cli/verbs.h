// The verbs of the program: each adds its options to the command line and gives the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace lathe::cli {

// DESIGN's contract: 0 all well, 1 some tracks failed, 2 usage or recipe error, 3 nothing could be read or reached,
// 4 denied, 5 a deadline is over, 6 cancelled, 7 an audit found violations, 8 something was unmeasurable or unreadable.
enum ExitCode {
  kOk = 0,
  kSomeFailed = 1,
  kUsage = 2,
  kNothingRead = 3,
  kDenied = 4,
  kDeadline = 5,
  kCancelled = 6,
  kViolations = 7,
  kUnmeasurable = 8
};

// The chosen verb sets `run`.
using Run = std::function<int()>;
void add_master(CLI::App& app, Run& run);
void add_audit(CLI::App& app, Run& run);
void add_signature(CLI::App& app, Run& run);
void add_verify(CLI::App& app, Run& run);
void add_compare(CLI::App& app, Run& run);
void add_ab(CLI::App& app, Run& run);
void add_profile(CLI::App& app, Run& run);
void add_recipe(CLI::App& app, Run& run);
void add_doctor(CLI::App& app, Run& run);
void add_scheduler(CLI::App& app, Run& run);
void add_worker(CLI::App& app, Run& run);
void add_executor(CLI::App& app, Run& run);
void add_submit(CLI::App& app, Run& run);
void add_jobs(CLI::App& app, Run& run);     // status, list, watch, cancel, pause, resume, retry, priority
void add_tasks(CLI::App& app, Run& run);    // logs, explain, report
void add_workers(CLI::App& app, Run& run);  // workers, calls, estimate
void add_store(CLI::App& app, Run& run);    // store check, store migrate
void add_help(CLI::App& app, Run& run);     // help, completion

}  // namespace lathe::cli
