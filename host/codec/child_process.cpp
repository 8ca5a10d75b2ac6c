#include "host/codec/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <system_error>

extern char** environ;

namespace lathe {
namespace {

constexpr std::chrono::seconds kLongestAnswer{20};
constexpr std::size_t kMostSaid = 1 << 20;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  void put(int from, int to, int null_mode) {
    if (from < 0) {
      ::posix_spawn_file_actions_addopen(&actions_, to, "/dev/null", null_mode, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&actions_, from, to);
    }
  }
  void close_the_rest() { ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Signals as a program expects them: an executor ignores some, and a thread may block others.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, defaults;
    ::sigemptyset(&none);
    ::sigemptyset(&defaults);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGXFSZ, SIGCHLD}) ::sigaddset(&defaults, number);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// It may have ended already; then there is nothing to limit.
void limit(pid_t pid, __rlimit_resource which, std::int64_t most) {
  const rlimit both{static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  ::prlimit(pid, which, &both, nullptr);
}

// A descriptor that no standard stream's place is dealt out by.
FileDescriptor beside_the_streams(int fd) {
  FileDescriptor given(fd);
  if (fd > STDERR_FILENO) return given;
  FileDescriptor moved(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved.is_open()) fail(errno, "a descriptor for a child process");
  return moved;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, const ChildFiles& files, const ChildLimits& limits) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  SpawnActions actions;
  actions.put(files.in, STDIN_FILENO, O_RDONLY);
  actions.put(files.out, STDOUT_FILENO, O_WRONLY);
  actions.put(files.error, STDERR_FILENO, O_WRONLY);
  actions.close_the_rest();
  const SpawnAttributes attributes;
  const int error = ::posix_spawnp(&pid_, arguments[0], actions.get(), attributes.get(), arguments.data(), environ);
  if (error != 0) {
    pid_ = -1;
    fail(error, command[0]);
  }
  limit(pid_, RLIMIT_CPU, limits.cpu_s);
  limit(pid_, RLIMIT_AS, limits.memory_bytes);
  limit(pid_, RLIMIT_FSIZE, limits.file_bytes);
  limit(pid_, RLIMIT_CORE, 0);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) wait(std::chrono::milliseconds(0));
}

int ChildProcess::wait(std::chrono::milliseconds longest) {
  if (pid_ <= 0) return -SIGKILL;
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = process.is_open() ? ::poll(&ended, 1, static_cast<int>(longest.count())) : 0;
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Pipe::Pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(errno, "pipe");
  read = beside_the_streams(ends[0]);
  write = beside_the_streams(ends[1]);
}

FileDescriptor memory_file(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) fail(errno, "memory for the words of a child process");
  return beside_the_streams(fd);
}

std::string contents_of(int fd, std::size_t most) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail(errno, "fstat");
  std::string bytes(std::min(most, static_cast<std::size_t>(status.st_size)), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(n < 0 ? errno : EIO, "pread");
    at += static_cast<std::size_t>(n);
  }
  return bytes;
}

std::optional<std::string> said_by(std::vector<std::string> command) {
  try {
    const FileDescriptor out = memory_file("lathe-said");
    ChildProcess child(std::move(command), {-1, out.get(), -1}, {20, 4LL << 30, kMostSaid});
    if (child.wait(kLongestAnswer) != 0) return std::nullopt;
    return contents_of(out.get(), kMostSaid);
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

}  // namespace lathe
