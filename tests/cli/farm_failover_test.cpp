// Two schedulers on one PostgreSQL, and one of them is killed under load: no client sees an error, and none waits a
// second for its answer.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "lathe/v1/worker.grpc.pb.h"
#include "scheduler/client/farm_channel.h"
#include "scheduler/client/farm_connection.h"
#include "scheduler/core/retry_policy.h"
#include "tests/cli/farm.h"
#include "tests/cli/length.h"
#include "tests/scheduler/postgres_server.h"
#include "tests/support/random.h"

namespace lathe::test {
namespace {

namespace v1 = lathe::v1;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using scheduler::FarmConnection;

constexpr int kAskers = 25, kSubmitters = 10, kWorkers = 15;
constexpr int kTracksAJob = 2;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kLongestGap_ms = 5000;  // a program with sanitizers takes a second to start
#else
constexpr double kLongestGap_ms = 1000;
#endif

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

scheduler::FarmOptions options_of(const std::string& address) {
  scheduler::FarmOptions options;
  options.scheduler = address;
  return options;
}

scheduler::FarmDoor door_of(const std::string& address) {
  scheduler::FarmDoor door;
  door.scheduler = address;
  return door;
}

// How many connections stand that were made to this port of loopback.
int connections_to(int port) {
  const std::string server = fmt::format("0100007F:{:04X}", port);  // also the end of an IPv4 address in an IPv6 socket
  int count = 0;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    std::string slot, local, remote, state;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream(line) >> slot >> local >> remote >> state;
      count += remote.ends_with(server) && state == "01";  // ESTABLISHED
    }
  }
  return count;
}

// What one client has seen.
class Client {
 public:
  explicit Client(std::string who) : who_(std::move(who)) {}
  // Runs a call to its answer, and keeps how long that took.
  template <class Call>
  void answered(const std::string& what, Call call) {
    const auto start = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      waiting_since_ = start;
      what_ = what;
    }
    try {
      call();
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      errors_.push_back(who_ + ", " + what + ": " + error.what());
    }
    const std::lock_guard lock(mutex_);
    const double ms = ms_between(start, Clock::now());
    if (ms > longest_ms_) {
      longest_ms_ = ms;
      longest_what_ = what;
    }
    ++answers_;
    waiting_since_.reset();
  }

  void begin_round() {
    const std::lock_guard lock(mutex_);
    longest_ms_ = 0;
    answers_ = 0;
  }
  // Its longest wait since the round began, one that goes on included.
  std::pair<double, std::string> longest() const {
    const std::lock_guard lock(mutex_);
    const double now_ms = waiting_since_ ? ms_between(*waiting_since_, Clock::now()) : 0;
    return now_ms > longest_ms_ ? std::pair(now_ms, who_ + " " + what_)
                                : std::pair(longest_ms_, who_ + " " + longest_what_);
  }
  int answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }
  std::vector<std::string> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  const std::string who_;
  mutable std::mutex mutex_;
  std::optional<Clock::time_point> waiting_since_;
  std::string what_, longest_what_;
  double longest_ms_ = 0;
  int answers_ = 0;
  std::vector<std::string> errors_;
};

// A worker's calls, repeated as its session repeats them.
class SimulatedWorker {
 public:
  SimulatedWorker(const std::string& address, int number, Client& client)
      : stub_(v1::WorkerService::NewStub(scheduler::make_farm_channel(door_of(address)))),
        id_(fmt::format("sim-{}", number)),
        random_(static_cast<std::uint64_t>(number)),
        client_(client) {
    v1::RegisterRequest hello;
    hello.mutable_worker()->set_worker_id(id_);
    hello.mutable_worker()->set_name(id_);
    hello.mutable_worker()->set_engine("cpu");
    hello.mutable_worker()->set_slots(1);
    hello.mutable_worker()->set_memory_bytes(1 << 30);
    hello.mutable_worker()->set_version("lathe " LATHE_VERSION);
    v1::RegisterResponse known;
    until_answered("Register", [&](grpc::ClientContext* context) { return stub_->Register(context, hello, &known); });
  }

  // True if there was a track to do.
  bool work() {
    v1::AcquireTasksRequest ask;
    ask.set_worker_id(id_);
    ask.set_max_tasks(1);
    v1::AcquireTasksResponse given;
    until_answered("AcquireTasks",
                   [&](grpc::ClientContext* context) { return stub_->AcquireTasks(context, ask, &given); });
    for (const v1::LeasedTask& task : given.tasks()) {
      v1::CommitResultRequest commit;
      commit.set_worker_id(id_);
      *commit.mutable_lease() = task.lease();
      commit.set_state(v1::TASK_STATE_DONE);
      commit.set_result_json("{}");
      v1::CommitResultResponse done;
      until_answered("CommitResult",
                     [&](grpc::ClientContext* context) { return stub_->CommitResult(context, commit, &done); });
    }
    return given.tasks_size() > 0;
  }

 private:
  template <class Call>
  void until_answered(const std::string& what, Call call) {
    client_.answered(what, [&] {
      const scheduler::Backoff backoff{100, 3'000};
      for (int tries = 1;; ++tries) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + 15s);
        const grpc::Status status = call(&context);
        if (status.ok()) return;
        if (status.error_code() != grpc::StatusCode::UNAVAILABLE && status.error_code() != grpc::StatusCode::CANCELLED)
          throw std::runtime_error(status.error_message());
        if (tries == 100) throw std::runtime_error("asked in vain: " + status.error_message());
        std::this_thread::sleep_for(std::chrono::milliseconds(backoff.wait_ms(tries, random_.uniform(0, 1))));
      }
    });
  }

  std::unique_ptr<v1::WorkerService::Stub> stub_;
  const std::string id_;
  Random random_;
  Client& client_;
};

class FarmFailover : public testing::Test {
 protected:
  void ask(const std::string& address, Client& client) {
    FarmConnection farm(options_of(address));
    v1::GetJobRequest request;
    request.set_job_id(first_job_);
    while (!is_over_) {
      client.answered("GetJob", [&] { farm.call(request); });
      std::this_thread::sleep_for(20ms);
    }
  }

  std::int64_t submit(FarmConnection& farm, Client& client, const std::string& request_id) {
    std::int64_t job = 0;
    client.answered("CreateJob", [&] {
      v1::CreateJobRequest create;
      create.set_request_id(request_id);
      create.mutable_spec()->mutable_audit()->set_checks("none");
      job = farm.call(create).job().job_id();
    });
    std::vector<v1::TaskSpec> tasks(kTracksAJob);
    for (int i = 0; i < kTracksAJob; ++i) {
      tasks[static_cast<std::size_t>(i)].set_input(fmt::format("/music/{}/{}.wav", request_id, i));
      tasks[static_cast<std::size_t>(i)].set_plan_rank(i);
    }
    client.answered("AddTasks", [&] { farm.add_tasks(job, tasks, 0, [](std::int64_t) {}); });
    client.answered("SealJob", [&] {
      v1::SealJobRequest seal;
      seal.set_job_id(job);
      seal.set_task_count(kTracksAJob);
      farm.call(seal);
    });
    return job;
  }

  void submit_all_the_while(const std::string& address, Client& client, int number) {
    FarmConnection farm(options_of(address));
    for (int i = 0; !is_over_; ++i) {
      const std::int64_t job = submit(farm, client, fmt::format("{}-{}", number, i));
      {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(job);
      }
      std::this_thread::sleep_for(100ms);
    }
  }

  bool each_has_answers(int count) const {
    return std::ranges::all_of(clients_, [&](const Client& client) { return client.answers() >= count; });
  }
  void await_answers(int count) const {
    const auto start = Clock::now();
    while (!each_has_answers(count) && Clock::now() - start < 30s) std::this_thread::sleep_for(10ms);
  }
  std::pair<double, std::string> longest() const {
    std::pair<double, std::string> longest;
    for (const Client& client : clients_) longest = std::max(longest, client.longest());
    return longest;
  }

  Workspace work_;
  std::deque<Client> clients_;
  std::atomic<bool> is_over_{false};
  std::int64_t first_job_ = 0;
  std::mutex mutex_;
  std::vector<std::int64_t> jobs_;
};

TEST_F(FarmFailover, AKilledReplicaCostsNoClientAnErrorAndNoneASecond) {
  if (const std::string absence = scheduler::PostgresServer::absence(); !absence.empty()) GTEST_SKIP() << absence;
  fs::create_directories(work_.root() / "postgres");
  scheduler::PostgresServer server((work_.root() / "postgres").string());
  FarmSetting setting;
  setting.schedulers = 2;
  setting.workers = 0;
  setting.lease_s = 2;  // a claim that nobody heard of comes back soon
  setting.store = server.url();
  Farm farm(work_.root() / "farm", setting);
  {
    Client first("first");
    FarmConnection connection(options_of(farm.address()));
    first_job_ = submit(connection, first, "first");
    jobs_.push_back(first_job_);
    ASSERT_EQ(first.errors(), std::vector<std::string>{});
  }
  const auto add = [&](const std::string& who) -> Client& { return clients_.emplace_back(who); };
  std::vector<std::jthread> threads;
  for (int i = 0; i < kAskers; ++i)
    threads.emplace_back([&, &client = add(fmt::format("asker {}", i))] { ask(farm.address(), client); });
  for (int i = 0; i < kSubmitters; ++i)
    threads.emplace_back(
        [&, i, &client = add(fmt::format("submitter {}", i))] { submit_all_the_while(farm.address(), client, i); });
  std::atomic<bool> is_drained{false};
  std::vector<std::jthread> workers;
  for (int i = 0; i < kWorkers; ++i)
    workers.emplace_back([&, i, &client = add(fmt::format("worker {}", i))] {
      SimulatedWorker worker(farm.address(), i, client);
      while (!is_drained) {
        if (!worker.work()) std::this_thread::sleep_for(50ms);
      }
    });
  Client newcomer("newcomer");
  const int rounds = length(5, 30);
  for (int round = 0; round < rounds; ++round) {
    const int victim = round % 2;
    for (Client& client : clients_) client.begin_round();
    await_answers(10);
    const auto before = longest();
    for (Client& client : clients_) client.begin_round();
    farm.kill_scheduler(victim);
    const auto killed = Clock::now();
    // And one that only comes now, as a process of its own.
    newcomer.begin_round();
    newcomer.answered("list", [&] {
      const ProgramResult list = farm.run({"list"});
      if (list.exit_code != 0) throw std::runtime_error(list.err);
    });
    await_answers(10);
    const auto [gap_ms, who] = std::max(longest(), newcomer.longest());
    std::printf("failover %d: longest wait %.0f ms (%s); before the kill %.0f ms (%s); 10 answers each after %.0f ms\n",
                round + 1, gap_ms, who.c_str(), before.first, before.second.c_str(), ms_between(killed, Clock::now()));
    EXPECT_LT(gap_ms, kLongestGap_ms) << who;
    farm.start_scheduler(victim);
    farm.await_scheduler(victim);
    // Clients of one process share a connection, workers have their own. By then it has its share of the calls again.
    const int port = farm.port(victim);
    const auto restarted = Clock::now();
    while (connections_to(port) < kWorkers + 1 && Clock::now() - restarted < 30s) std::this_thread::sleep_for(10ms);
    std::printf("  all have found it again after %.0f ms\n", ms_between(restarted, Clock::now()));
  }
  is_over_ = true;
  threads.clear();
  FarmConnection farm_line(options_of(farm.address()));
  for (const std::int64_t job : jobs_) {
    v1::GetJobRequest request;
    request.set_job_id(job);
    v1::Job end = farm_line.call(request).job();
    const auto asked = Clock::now();
    while (!scheduler::is_over(end.state()) && Clock::now() - asked < 30s) {
      std::this_thread::sleep_for(50ms);
      end = farm_line.call(request).job();
    }
    EXPECT_EQ(end.state(), v1::JOB_STATE_SUCCEEDED) << "job " << job;
    EXPECT_EQ(end.counts().done(), kTracksAJob) << "job " << job;
  }
  is_drained = true;
  workers.clear();
  EXPECT_EQ(newcomer.errors(), std::vector<std::string>{});
  for (const Client& client : clients_) EXPECT_EQ(client.errors(), std::vector<std::string>{});
  std::printf("%zu jobs\n", jobs_.size());
  farm.expect_sound();
}

}  // namespace
}  // namespace lathe::test
