// How far the farm carries: a job of a million tracks submitted, listed, watched, worked on and cancelled, and hundreds
// of workers on one scheduler. Everything over gRPC on loopback; the workers' work itself is left out.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "lathe/v1/worker.grpc.pb.h"
#include "scheduler/client/farm_channel.h"
#include "scheduler/client/farm_connection.h"
#include "tests/scheduler/postgres_server.h"

extern char** environ;

namespace lathe::scheduler {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// `lathe scheduler` as a process.
class Daemon {
 public:
  Daemon(const std::string& store, const std::string& address, const std::string& state) {
    std::vector<std::string> words{LATHE_PROGRAM, "scheduler", "--listen",    address,
                                   "--store",     store,       "--state-dir", state};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (::posix_spawn(&pid_, LATHE_PROGRAM, nullptr, nullptr, arguments.data(), environ) != 0)
      throw std::runtime_error("the scheduler does not start");
  }
  ~Daemon() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  double peak_mb() const {
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
    }
    return 0;
  }
  double cpu_s() const {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid_));
    std::string line;
    std::getline(stat, line);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string word;
    double ticks = 0;
    for (int i = 0; i < 13 && fields >> word; ++i) {
      if (i >= 11) ticks += std::stod(word);
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

 private:
  pid_t pid_ = -1;
};

std::vector<v1::TaskSpec> made_up_tasks(int count) {
  std::vector<v1::TaskSpec> tasks(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    v1::TaskSpec& task = tasks[static_cast<std::size_t>(i)];
    task.set_input(fmt::format("/music/album{:06}/{:02} track.wav", i / 12, i % 12));
    task.set_relative(fmt::format("album{:06}/{:02} track", i / 12, i % 12));
    task.set_album(fmt::format("/music/album{:06}", i / 12));
    task.set_predicted_cost_s(1);
    task.set_plan_rank(i);
  }
  return tasks;
}

FarmOptions options_of(const std::string& address) {
  FarmOptions options;
  options.scheduler = address;
  return options;
}

std::int64_t submit(FarmConnection& farm, const std::vector<v1::TaskSpec>& tasks, const std::string& request_id) {
  v1::CreateJobRequest create;
  create.set_request_id(request_id);
  create.mutable_spec()->mutable_audit()->set_checks("none");
  const std::int64_t job = farm.call(create).job().job_id();
  farm.add_tasks(job, tasks, 0, [](std::int64_t) {});
  v1::SealJobRequest seal;
  seal.set_job_id(job);
  seal.set_task_count(static_cast<std::int64_t>(tasks.size()));
  farm.call(seal);
  return job;
}

constexpr double kJoiningS = 2;

struct Fleet {
  const Clock::time_point start = Clock::now();
  std::vector<double> joining_ms, acquire_ms;  // of calls that gave work: while all come at once, and later
  std::atomic<std::int64_t> committed{0}, lost{0}, late_beats{0}, errors{0};
  std::mutex mutex;
};

// A worker that does nothing with its tracks but commit them. Its heartbeats have a thread of their own.
void work(const std::string& address, int number, const std::atomic<bool>& is_over, int pause_ms, Fleet& fleet) {
  FarmDoor door;
  door.scheduler = address;
  const auto stub = v1::WorkerService::NewStub(make_farm_channel(door));
  const auto beats = v1::WorkerService::NewStub(make_farm_channel(door));
  v1::RegisterRequest hello;
  hello.mutable_worker()->set_worker_id(fmt::format("bench-{}-{}", ::getpid(), number));
  hello.mutable_worker()->set_name(fmt::format("bench-{}", number));
  hello.mutable_worker()->set_slots(1);
  hello.mutable_worker()->set_version("lathe " LATHE_VERSION);
  const auto call = [&](auto method, const auto& request, auto& response, std::chrono::milliseconds deadline) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    return method(&context, request, &response);
  };
  v1::RegisterResponse known;
  while (!is_over && !call([&](auto... a) { return stub->Register(a...); }, hello, known, 5s).ok())
    std::this_thread::sleep_for(200ms);
  std::mt19937 random(static_cast<unsigned>(number));
  std::uniform_int_distribution length(pause_ms / 2, pause_ms * 3 / 2);
  std::mutex mutex;
  std::vector<v1::LeaseRef> held;
  std::jthread heart([&](const std::stop_token& stop) {
    auto due = Clock::now();
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(20ms);
      if (Clock::now() < due) continue;
      due += std::chrono::milliseconds(std::max<std::int64_t>(known.lease_ms(), 3000) / 3);
      v1::HeartbeatRequest beat;
      beat.set_worker_id(hello.worker().worker_id());
      {
        const std::lock_guard lock(mutex);
        for (const v1::LeaseRef& lease : held) *beat.add_leases() = lease;
      }
      v1::HeartbeatResponse heard;
      const auto sent = Clock::now();
      const bool ok = call([&](auto... a) { return beats->Heartbeat(a...); }, beat, heard, 8s).ok();
      fleet.late_beats += !ok || seconds_since(sent) > 1;
    }
  });
  while (!is_over) {
    v1::AcquireTasksRequest ask;
    ask.set_worker_id(hello.worker().worker_id());
    ask.set_max_tasks(1);
    ask.set_wait_ms(2000);
    v1::AcquireTasksResponse given;
    const auto sent = Clock::now();
    if (!call([&](auto... a) { return stub->AcquireTasks(a...); }, ask, given, 12s).ok()) {
      ++fleet.errors;
      std::this_thread::sleep_for(50ms);
      continue;
    }
    if (given.tasks().empty()) continue;
    {
      const std::lock_guard lock(fleet.mutex);
      const bool is_joining = std::chrono::duration<double>(sent - fleet.start).count() < kJoiningS;
      (is_joining ? fleet.joining_ms : fleet.acquire_ms).push_back(seconds_since(sent) * 1000);
    }
    {
      const std::lock_guard lock(mutex);
      held.assign(1, given.tasks(0).lease());
    }
    if (pause_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(length(random)));
    v1::CommitResultRequest commit;
    commit.set_worker_id(hello.worker().worker_id());
    *commit.mutable_lease() = given.tasks(0).lease();
    commit.set_state(v1::TASK_STATE_DONE);
    commit.set_result_json("{}");
    v1::CommitResultResponse done;
    while (!call([&](auto... a) { return stub->CommitResult(a...); }, commit, done, 10s).ok()) {
      ++fleet.errors;
      std::this_thread::sleep_for(50ms);
    }
    fleet.committed += !done.lost();
    fleet.lost += done.lost();
    const std::lock_guard lock(mutex);
    held.clear();
  }
}

void run_fleet(const std::string& address, int workers, double seconds, int pause_ms, const Daemon& daemon) {
  Fleet fleet;
  std::atomic<bool> is_over{false};
  const double cpu = daemon.cpu_s();
  const auto start = Clock::now();
  std::vector<std::jthread> threads;
  for (int i = 0; i < workers; ++i) threads.emplace_back([&, i] { work(address, i, is_over, pause_ms, fleet); });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  is_over = true;
  threads.clear();
  const double span = seconds_since(start);
  const auto at = [](std::vector<double>& of, double share) {
    std::sort(of.begin(), of.end());
    if (of.empty()) return 0.0;
    return of[std::min(of.size() - 1, static_cast<std::size_t>(share * static_cast<double>(of.size())))];
  };
  fmt::print(
      "  {} workers, {} ms a track: {:.0f} claim+commit/s; AcquireTasks p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms "
      "(first {:.0f} s, when all come at once: p99 {:.1f} ms); "
      "heartbeats late {}, leases lost {}, errors {}; scheduler {:.0f} % of a core, peak {:.0f} MB\n",
      workers, pause_ms, static_cast<double>(fleet.committed) / span, at(fleet.acquire_ms, 0.5),
      at(fleet.acquire_ms, 0.99), at(fleet.acquire_ms, 1.0), kJoiningS, at(fleet.joining_ms, 0.99),
      fleet.late_beats.load(), fleet.lost.load(), fleet.errors.load(), 100 * (daemon.cpu_s() - cpu) / span,
      daemon.peak_mb());
}

void bench(const std::string& store, const std::string& state, int tasks, double seconds, int workers) {
  const std::string address = "127.0.0.1:" + std::to_string(20000 + ::getpid() % 20000);
  const Daemon daemon(store, address, state);
  FarmConnection farm(options_of(address));
  for (const int count : {std::min(10'000, tasks), tasks}) {
    const std::vector<v1::TaskSpec> made = made_up_tasks(count);
    auto start = Clock::now();
    const std::int64_t job = submit(farm, made, fmt::format("bench-{}-{}", ::getpid(), count));
    fmt::print("{} tasks: submitted in {:.1f} s, {:.0f} tasks/s; scheduler's peak {:.0f} MB\n", count,
               seconds_since(start), count / seconds_since(start), daemon.peak_mb());
    start = Clock::now();
    v1::ListTasksRequest list;
    list.set_job_id(job);
    list.set_page_size(1000);
    std::int64_t listed = 0;
    do {
      const v1::ListTasksResponse page = farm.call(list);
      listed += page.tasks_size();
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
    fmt::print("  listed {} in {:.1f} s\n", listed, seconds_since(start));
    run_fleet(address, 8, seconds, 0, daemon);
    if (workers > 0) run_fleet(address, workers, seconds, 1000, daemon);
    {
      const double cpu = daemon.cpu_s();
      start = Clock::now();
      v1::WatchJobRequest watch;
      watch.set_job_id(job);
      FarmConnection watcher(options_of(address));
      watcher.watch(watch, [&](const v1::WatchJobResponse&) { return seconds_since(start) < seconds; });
      fmt::print("  watched for {:.0f} s: {:.2f} % of a core\n", seconds_since(start),
                 100 * (daemon.cpu_s() - cpu) / seconds_since(start));
    }
    start = Clock::now();
    v1::CancelJobRequest cancel;
    cancel.set_job_id(job);
    for (;;) {  // as the client's verb: asked again until it is answered
      try {
        farm.call(cancel);
        break;
      } catch (const FarmError& error) {
        if (error.fault() == FarmFault::conflict) break;  // the fleet has done all of it
        if (seconds_since(start) > 600) throw;
      }
    }
    fmt::print("  cancelled in {:.1f} s; scheduler's peak {:.0f} MB\n", seconds_since(start), daemon.peak_mb());
  }
}

}  // namespace
}  // namespace lathe::scheduler

int main(int argc, char** argv) {
  CLI::App app{"Measures the farm: one scheduler over gRPC, on a store of its own"};
  std::string kind = "sqlite", folder = "/tmp";
  int tasks = 1'000'000, workers = 200;
  double seconds = 10;
  app.add_option("STORE", kind, "sqlite or postgres")->check(CLI::IsMember({"sqlite", "postgres"}));
  app.add_option("--tasks", tasks, "Of the big job");
  app.add_option("--workers", workers, "Simulated workers of the second fleet");
  app.add_option("--seconds", seconds, "Length of each part");
  app.add_option("--folder", folder, "Where the store is made, on a disk");
  CLI11_PARSE(app, argc, argv);
  std::string state = folder + "/lathe-bench-farm-XXXXXX";
  if (::mkdtemp(state.data()) == nullptr) return 1;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  {
    std::unique_ptr<lathe::scheduler::PostgresServer> server;
    std::string store = "sqlite:" + state + "/farm.sqlite";
    if (kind == "postgres") {
      std::filesystem::create_directories(state + "/postgres");
      std::filesystem::permissions(state, std::filesystem::perms(0755));
      server = std::make_unique<lathe::scheduler::PostgresServer>(state + "/postgres");
      store = server->url();
    }
    lathe::scheduler::bench(store, state, tasks, seconds, workers);
  }
  std::filesystem::remove_all(state);
}
