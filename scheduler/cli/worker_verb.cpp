// `lathe worker`: the daemon that masters and measures what a scheduler hands out.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "scheduler/cli/daemon.h"
#include "scheduler/cli/processors.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/client/farm_channel.h"
#include "scheduler/worker/farm_worker.h"
#include "scheduler/worker/local_batch.h"
#include "scheduler/worker/memory_budget.h"
#include "scheduler/worker/state_folder.h"

namespace lathe::cli {
namespace {

using namespace lathe::scheduler;

struct WorkerOptions {
  FarmDoor door;
  std::string name, backend = "auto", memory, state_dir;
  std::vector<std::string> roots;
  int jobs = 0;
};

void log(const std::string& text) { log_line("worker", text); }

std::string default_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return fmt::format("{}-{}", name, ::getpid());
}

int work(const WorkerOptions& options) {
  const std::atomic<int>& ends = termination_requests();
  FarmWorkerSetting setting;
  setting.name = options.name.empty() ? default_name() : options.name;
  setting.executable = own_executable();
  setting.slots = options.jobs > 0 ? options.jobs : processors();
  setting.backend = options.backend;
  setting.roots = options.roots;
  setting.version = "lathe " LATHE_VERSION;
  setting.on_news = log;
  try {
    setting.memory_bytes = options.memory.empty() ? default_memory_bytes() : parse_memory(options.memory.c_str());
    setting.spool_dir = state_folder(options.state_dir.empty() ? std::nullopt : std::optional(options.state_dir));
    setting.token = token_of(options.door);
    make_farm_channel(options.door);  // its files are read, and what is wrong with them is said
  } catch (const std::exception& error) {
    log(error.what());
    return kUsage;
  }
  FarmWorker worker(setting, [&options] { return make_farm_channel(options.door); });
  std::atomic<WorkerOrder> order{WorkerOrder::kWork};
  std::jthread orders([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int count = ends.load();
      if (count > 0 && order == WorkerOrder::kWork) {
        log("draining: ends what it has begun, takes nothing new; once more: gives back what it has begun");
        order = WorkerOrder::kDrain;
      } else if (count > 1 && order == WorkerOrder::kDrain) {
        log("stopping");
        order = WorkerOrder::kStop;
      } else if (count > 2) {
        order = WorkerOrder::kAbort;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  try {
    worker.run(order);
  } catch (const WorkerUnfit& error) {
    log(error.what());
    return kUsage;
  } catch (const WorkerDenied& error) {
    log(error.what());
    return kDenied;
  }
  return kOk;
}

}  // namespace

void add_worker(CLI::App& app, Run& run) {
  const auto options = std::make_shared<WorkerOptions>();
  CLI::App* verb =
      app.add_subcommand("worker", "A worker of the farm: a daemon that masters what a scheduler hands out");
  verb->add_option("--scheduler", options->door.scheduler, "ADDRESS:PORT or unix:PATH, several with commas between")
      ->envname("LATHE_SCHEDULER")
      ->required();
  verb->add_option("--name", options->name, "Stays the same over restarts; left out: the host's name and a number");
  verb->add_option("--jobs", options->jobs, "Tracks at once; left out: one a processor")->check(CLI::Range(1, 1024));
  verb->add_option("--memory", options->memory, "Most memory to use, as 4GiB; left out: 60 % of what is free");
  verb->add_option("--backend", options->backend, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  verb->add_option("--root", options->roots, "Works only on files below these folders, links followed")
      ->allow_extra_args(false);
  verb->add_option("--state-dir", options->state_dir,
                   "Where tracks wait that do not fit into memory (LATHE_STATE_DIR)");
  verb->add_option("--tls-ca", options->door.tls_ca, "Who signed the scheduler's certificate, PEM");
  verb->add_option("--tls-cert", options->door.tls_cert, "This worker's certificate, PEM: lathe://worker/NAME");
  verb->add_option("--tls-key", options->door.tls_key, "Its private key, PEM");
  verb->add_option("--token-file", options->door.token_file, "A token instead of a certificate");
  verb->callback([&run, options] { run = [options] { return work(*options); }; });
}

}  // namespace lathe::cli
