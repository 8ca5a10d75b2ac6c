// The bare chain in one process: what `scripts/bench farm` holds the farm against. Reads, masters, puts on the disk and
// names each track as an executor does; no leases, no store, no other processes, nothing remembered.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "host/recipe/recipe.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/job_request.h"
#include "scheduler/worker/scan.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {
namespace {

struct Options {
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path out;
  std::string recipe = "streaming", backend = "cpu";
  int jobs = 2;
  bool no_sync = false;
};

int run(const Options& options) {
  const auto started = std::chrono::steady_clock::now();
  const Scan scan = scan_inputs(options.inputs, options.out);
  const RecipeSource recipe = RecipeSource::load(options.recipe, {});
  MasterJob job;
  job.out_dir = std::filesystem::absolute(options.out);
  job.spool_dir = job.out_dir;
  job.recipe = &recipe;
  job.backend = choose_backend(options.backend);
  job.use_cache = false;
  job.jobs = options.jobs;
  LocalMemoryBudget memory(default_memory_bytes()), device_memory(device_memory_bytes(job.backend));
  std::atomic<std::size_t> next{0};
  std::atomic<int> failed{0};
  const std::atomic<bool> is_cancelled{false};
  const auto work = [&] {
    EqDesigns designs;
    TaskRunner runner(designs, memory, device_memory, [](const v1::RecallRequest&) { return v1::RecallResponse(); });
    for (std::size_t i = next++; i < scan.tracks.size(); i = next++) {
      try {
        FinishedTask done = runner.run(job, task_message(scan.tracks[i]), {}, is_cancelled);
        for (std::size_t f = 0; f < done.files.size(); ++f) {
          if (!options.no_sync) done.files[f].sync();
          done.files[f].publish(done.replace[f]);
        }
      } catch (const std::exception& error) {
        ++failed;
        std::fprintf(stderr, "bench_chain: %s\n", error.what());
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int j = 0; j < options.jobs; ++j) threads.emplace_back(work);
  }
  fmt::print("{} tracks, {} failed, {:.3f} s\n", scan.tracks.size(), failed.load(),
             std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lathe::scheduler

int main(int argc, char** argv) {
  CLI::App app{"Masters files and folders in this one process"};
  lathe::scheduler::Options options;
  app.add_option("INPUTS", options.inputs)->required();
  app.add_option("--out", options.out)->required();
  app.add_option("--recipe", options.recipe);
  app.add_option("--backend", options.backend);
  app.add_option("--jobs", options.jobs);
  app.add_flag("--no-sync", options.no_sync, "Leave it to the system when files reach the disk");
  CLI11_PARSE(app, argc, argv);
  return lathe::scheduler::run(options);
}
