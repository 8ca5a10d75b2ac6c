// `lathe executor`: what a worker starts for each of its slots. Not for people.
#include <memory>

#include "scheduler/cli/verbs.h"
#include "scheduler/worker/executor.h"

namespace lathe::cli {

void add_executor(CLI::App& app, Run& run) {
  const auto fd = std::make_shared<int>(3);
  CLI::App* verb = app.add_subcommand("executor", "Works on a worker's tracks; started by it");
  verb->group("");  // not shown
  verb->add_option("--fd", *fd, "The socket to the worker");
  verb->callback([&run, fd] { run = [fd] { return scheduler::run_executor(*fd); }; });
}

}  // namespace lathe::cli
