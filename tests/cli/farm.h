// A farm for one test: schedulers and workers as processes of the built program, on loopback, with a store of its own.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/program.h"
#include "tests/cli/workspace.h"

namespace lathe::test {

struct FarmSetting {
  int schedulers = 1;
  int workers = 2;
  int jobs = 1;                 // tracks at once of each worker
  std::string memory = "1GiB";  // of each worker
  std::string store;            // empty: a file of SQLite in the farm's folder
  double lease_s = 30;
  std::vector<std::string> scheduler_options, worker_options;
  std::map<std::string, std::string> worker_environment, scheduler_environment;
};

class Farm {
 public:
  // Starts all of it and waits until the schedulers listen.
  Farm(fs::path folder, FarmSetting setting);
  ~Farm();  // with kill -9: what is to end well is ended by the test

  std::string address() const;  // of all schedulers
  int port(int index) const { return ports_.at(static_cast<std::size_t>(index)); }
  std::string store() const { return setting_.store; }

  void start_scheduler(int index);
  void start_worker(int index);
  void await_scheduler(int index) const;  // until it listens
  void kill_scheduler(int index) { schedulers_.at(static_cast<std::size_t>(index)).reset(); }
  void kill_worker(int index) { workers_.at(static_cast<std::size_t>(index)).reset(); }
  RunningProgram& worker(int index) { return *workers_.at(static_cast<std::size_t>(index)); }
  RunningProgram& scheduler(int index) { return *schedulers_.at(static_cast<std::size_t>(index)); }
  // TERM, and waits for the end; what the daemon said.
  std::string drain_worker(int index);

  // A verb of the client's with --scheduler.
  ProgramCall call(const std::vector<std::string>& arguments) const;
  ProgramResult run(const std::vector<std::string>& arguments) const { return run_program(call(arguments)); }
  // Waits until the job has ended; its document. Fails the test after `longest_ms`.
  nlohmann::json wait_for_end(const std::string& job, int longest_ms = 120'000) const;
  // A number of a job's document: "done", "leased".
  std::int64_t count(const std::string& job, const std::string& state) const;

  // What `lathe store check` finds: nothing, ever.
  void expect_sound() const;

 private:
  std::string scheduler_address(int index) const;

  fs::path folder_;
  FarmSetting setting_;
  std::vector<int> ports_;
  std::vector<std::unique_ptr<RunningProgram>> schedulers_, workers_;
};

// `lathe worker` on the CPU, its state folder made.
ProgramCall worker_call(const std::string& scheduler, const std::string& name, const fs::path& state, int jobs = 1,
                        const std::string& memory = "1GiB");

// Waits for something that is to come soon.
template <class Condition>
bool comes_true(Condition condition, int longest_ms = 30'000) {
  const auto started = std::chrono::steady_clock::now();
  while (!condition()) {
    if (std::chrono::steady_clock::now() - started > std::chrono::milliseconds(longest_ms)) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// A child process that is stopped (SIGSTOP); 0: none is. An executor that failpoints have stopped.
int stopped_child(int pid);

// `count` short mono tracks, each another, in albums of ten.
void write_short_tracks(const fs::path& folder, int count, double seconds = 0.5);

}  // namespace lathe::test
