// Runs the built `lathe` as a user would: arguments, environment, limits, and what it printed.
#pragma once

#include <sys/types.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lathe::test {

struct ProgramCall {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;     // beside what the test has; LATHE_* of the test is left out
  std::string working_folder;                         // empty: the test's
  bool is_nobody = false;                             // with root's rights dropped, where the test runs as root
  std::optional<std::int64_t> file_size_limit_bytes;  // RLIMIT_FSIZE
  std::string hidden_folder;                          // the program sees it empty; where that takes rights the test
                                                      // lacks, it ends with kCannotHide
  int network = -1;                                   // descriptor of a network namespace it lives in; -1: the test's
};

inline constexpr int kCannotHide = 124;
// Lathe's own exit codes.
inline constexpr int kSomeFailed = 1, kNothingRead = 3, kViolations = 7, kUnmeasurable = 8;

struct ProgramResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::int64_t peak_memory_bytes = 0;  // resident
  double cpu_s = 0;                    // of the program and its system calls
  std::string out, err;

  // Fails the test and gives null when stdout is not exactly one JSON document.
  nlohmann::json json() const;
};

// A program under way. Ends with SIGKILL if it is still there when the object goes.
class RunningProgram {
 public:
  explicit RunningProgram(const ProgramCall& call);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const;
  // Whether it ends within so many milliseconds.
  bool ends_within(int ms) const;
  // What it has written to stderr until now.
  std::string err_so_far() const;
  // Waits for the end, a minute at most or as long as is said; then it is killed and the test fails.
  ProgramResult wait(int longest_ms = 60'000);

 private:
  pid_t pid_ = -1;
  int process_ = -1;
  int out_ = -1;
  int err_ = -1;
};

// Of a process that still runs: its parent. 0 once it is gone or only waits to be reaped.
pid_t parent_of(pid_t pid);
std::set<pid_t> children_of(pid_t parent);
std::set<pid_t> descendants_of(pid_t root);

ProgramResult run_program(const ProgramCall& call);
ProgramResult run_program(const std::vector<std::string>& arguments);

}  // namespace lathe::test
