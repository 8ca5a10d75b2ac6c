#include "tests/cli/program.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace lathe::test {
namespace {

constexpr uid_t kNobody = 65534;

// The one built with the tests, unless LATHE_PROGRAM names another: away from the build folder there is none.
const char* program_path() {
  const char* named = std::getenv("LATHE_PROGRAM");
  return named != nullptr ? named : LATHE_PROGRAM;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_of(const ProgramCall& call) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with("LATHE_") && !call.environment.contains(std::string(text.substr(0, text.find('='))))) {
      all.emplace_back(text);
    }
  }
  for (const auto& [name, value] : call.environment) all.push_back(name + "=" + value);
  return all;
}

// Puts an empty folder in the place of another, for this process alone.
bool hide(const char* folder) {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("hidden", folder, "tmpfs", 0, nullptr) == 0;
}

// Everything from fork to exec: only what is safe there.
[[noreturn]] void become(const ProgramCall& call, char** arguments, char** environment, int out, int err) {
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (!call.working_folder.empty() && ::chdir(call.working_folder.c_str()) != 0) ::_exit(125);
  if (call.file_size_limit_bytes) {
    const auto bytes = static_cast<rlim_t>(*call.file_size_limit_bytes);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (call.network >= 0 && ::setns(call.network, CLONE_NEWNET) != 0) ::_exit(125);
  if (!call.hidden_folder.empty() && !hide(call.hidden_folder.c_str())) ::_exit(kCannotHide);
  if (call.is_nobody && ::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(125);
  ::execve(arguments[0], arguments, environment);
  ::_exit(126);
}

std::string content_of(int fd) {
  // The place in the file is shared with the program, which may still be writing.
  std::string text;
  char block[65536];
  for (ssize_t n; (n = ::pread(fd, block, sizeof block, static_cast<off_t>(text.size()))) > 0;)
    text.append(block, static_cast<std::size_t>(n));
  return text;
}

}  // namespace

nlohmann::json ProgramResult::json() const {
  nlohmann::json document = nlohmann::json::parse(out, nullptr, false);
  if (!document.is_discarded()) return document;
  ADD_FAILURE() << "stdout is not one JSON document:\n" << out << "\nstderr:\n" << err;
  return nlohmann::json::object();
}

RunningProgram::RunningProgram(const ProgramCall& call) {
  std::vector<std::string> arguments{program_path()};
  arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
  std::vector<std::string> environment = environment_of(call);
  const std::vector<char*> argv = pointers(arguments), envp = pointers(environment);
  out_ = ::memfd_create("stdout", MFD_CLOEXEC);
  err_ = ::memfd_create("stderr", MFD_CLOEXEC);
  pid_ = ::fork();
  if (pid_ == 0) become(call, const_cast<char**>(argv.data()), const_cast<char**>(envp.data()), out_, err_);
  if (pid_ < 0) throw std::runtime_error("fork failed");
  process_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (process_ < 0) throw std::runtime_error("pidfd_open failed");
}

RunningProgram::~RunningProgram() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  for (const int fd : {process_, out_, err_}) {
    if (fd >= 0) ::close(fd);
  }
}

void RunningProgram::send(int signal) const { ::kill(pid_, signal); }

bool RunningProgram::ends_within(int ms) const {
  pollfd end{process_, POLLIN, 0};
  return ::poll(&end, 1, ms) == 1;
}

std::string RunningProgram::err_so_far() const { return content_of(err_); }

ProgramResult RunningProgram::wait(int longest_ms) {
  if (!ends_within(longest_ms)) {
    ADD_FAILURE() << "lathe did not end within " << longest_ms / 1000 << " s";
    send(SIGKILL);
  }
  int status = 0;
  rusage used{};
  ::wait4(std::exchange(pid_, -1), &status, 0, &used);
  ProgramResult result;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  result.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  result.peak_memory_bytes = std::int64_t{1024} * used.ru_maxrss;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.out = content_of(out_);
  result.err = content_of(err_);
  return result;
}

pid_t parent_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos || line[end_of_name + 2] == 'Z') return 0;
  return std::stoi(line.substr(end_of_name + 4));
}

std::set<pid_t> children_of(pid_t parent) {
  std::set<pid_t> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && parent_of(pid) == parent) found.insert(pid);
  }
  return found;
}

std::set<pid_t> descendants_of(pid_t root) {
  std::set<pid_t> found;
  for (const pid_t child : children_of(root)) {
    found.insert(child);
    found.merge(descendants_of(child));
  }
  return found;
}

ProgramResult run_program(const ProgramCall& call) { return RunningProgram(call).wait(); }

ProgramResult run_program(const std::vector<std::string>& arguments) {
  ProgramCall call;
  call.arguments = arguments;
  return run_program(call);
}

}  // namespace lathe::test
