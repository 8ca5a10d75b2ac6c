// How fast a job store takes tasks in and hands them out: bench_store --help.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "scheduler/store/open_job_store.h"
#include "tests/scheduler/postgres_server.h"

namespace lathe::scheduler {
namespace {

using Clock_s = std::chrono::steady_clock;

double seconds_since(Clock_s::time_point started) {
  return std::chrono::duration<double>(Clock_s::now() - started).count();
}

double resident_mb() {
  std::ifstream status("/proc/self/statm");
  long all = 0, resident = 0;
  status >> all >> resident;
  return static_cast<double>(resident) * 4096 / 1e6;
}

struct Setting {
  std::int64_t tasks = 10'000;
  int threads = 8;
  double seconds = 10;
  int chunk = 1'000;
};

JobId take_in(JobStore& store, const Setting& setting, double& tasks_a_s) {
  JobHeader header;
  header.request_id = "bench " + std::to_string(SystemClock().now_ms());
  header.kind = "master";
  header.out_dir = "/masters";
  header.settings_json = header.recipe_json = "{}";
  const JobId job = store.create_job(header).job_id;
  std::vector<TaskSpec> chunk;
  const auto started = Clock_s::now();
  for (std::int64_t i = 0; i < setting.tasks;) {
    chunk.clear();
    const std::int64_t first = i;
    for (; i < setting.tasks && std::ssize(chunk) < setting.chunk; ++i) {
      const std::string album = "label/artist " + std::to_string(i / 120) + "/album " + std::to_string(i / 12);
      chunk.push_back({.input = "/archive/" + album + "/" + std::to_string(i) + ".wav",
                       .album = album,
                       .predicted_cost = 3.5,
                       .payload_json = "{\"relative\":\"" + album + "/" + std::to_string(i) + ".wav\"}",
                       .plan_rank = i});
    }
    store.add_tasks(job, first, chunk);
  }
  tasks_a_s = static_cast<double>(setting.tasks) / seconds_since(started);
  store.seal_job(job, setting.tasks);
  return job;
}

// Claims one and commits it, again and again, from each thread as a worker of its own.
double pairs_a_s(JobStore& store, const Setting& setting) {
  std::atomic<std::int64_t> pairs = 0;
  std::atomic<bool> is_over = false;
  const auto started = Clock_s::now();
  {
    std::vector<std::jthread> workers;
    for (int w = 0; w < setting.threads; ++w) {
      workers.emplace_back([&, w] {
        const std::string id = "worker " + std::to_string(w);
        store.register_worker({.id = id, .name = id, .engine = "cpu", .version = {}, .info_json = {}});
        const ClaimRequest request{.worker_id = id, .kinds = {}, .job = {}, .engine = "cpu"};
        while (!is_over) {
          const std::vector<Lease> lease = store.claim(request);
          if (lease.empty()) return;
          store.commit(lease[0].id, {TaskState::kDone, "{\"lufs\":-14.0}", {}, {}});
          ++pairs;
        }
      });
    }
    while (seconds_since(started) < setting.seconds && pairs < setting.tasks) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    is_over = true;
  }
  return static_cast<double>(pairs) / seconds_since(started);
}

int run(const std::string& url, const Setting& setting) {
  const auto store = open_job_store(url);
  double tasks_a_s = 0;
  const JobId job = take_in(*store, setting, tasks_a_s);
  std::printf("%ld tasks: add_tasks %.0f tasks/s in pieces of %d;", static_cast<long>(setting.tasks), tasks_a_s,
              setting.chunk);
  std::fflush(stdout);
  const double first = pairs_a_s(*store, setting), second = pairs_a_s(*store, setting);
  std::printf(" claim + commit with %d threads %.0f, then %.0f pairs/s; %.0f MB in this process\n", setting.threads,
              first, second, resident_mb());
  const bool is_well = store->counts(job).done > 0 && store->counts(job).total() == setting.tasks;
  return is_well ? 0 : 1;
}

}  // namespace
}  // namespace lathe::scheduler

int main(int argc, char** argv) {
  using namespace lathe::scheduler;
  Setting setting;
  std::string url, folder = std::filesystem::temp_directory_path() / "lathe-bench-store";
  CLI::App app{"Measures a job store: tasks taken in, claimed and committed"};
  app.add_option("store", url, "sqlite, postgres (a server of its own, fsync on), or the URL of an empty store")
      ->required();
  app.add_option("--tasks", setting.tasks, "tasks of the job")->capture_default_str();
  app.add_option("--threads", setting.threads, "workers")->capture_default_str();
  app.add_option("--seconds", setting.seconds, "how long claims are measured, twice")->capture_default_str();
  app.add_option("--chunk", setting.chunk, "tasks added at once")->capture_default_str()->check(CLI::Range(1, 10'000));
  app.add_option("--folder", folder, "where the data lie, gone afterwards; the figures are of its disk")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  int code = 0;
  if (url == "postgres") {
    if (const std::string why = PostgresServer::absence(); !why.empty()) {
      std::fprintf(stderr, "bench_store: %s\n", why.c_str());
      return 3;
    }
    const PostgresServer server(folder);
    code = run(server.url(), setting);
  } else {
    code = run(url == "sqlite" ? folder + "/jobs.sqlite" : url, setting);
  }
  std::filesystem::remove_all(folder);
  return code;
}
