#include "scheduler/worker/executor_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <vector>

extern char** environ;

namespace lathe::scheduler {
namespace {

// The number under which the child finds its socket.
constexpr int kChildFd = 3;

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

pid_t spawn(const std::string& executable, int fd) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, fd, kChildFd);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  ::sigemptyset(&none);
  ::sigemptyset(&defaults);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) ::sigaddset(&defaults, number);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  // A group of its own: Ctrl-C on the terminal reaches the supervisor alone.
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string name = "lathe", verb = "executor", option = "--fd", number = std::to_string(kChildFd);
  char* const arguments[] = {name.data(), verb.data(), option.data(), number.data(), nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, executable.c_str(), &actions, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), "starting " + executable);
  return pid;
}

}  // namespace

ExecutorProcess::ExecutorProcess(const std::string& executable, const v1::ExecutorSetting& setting,
                                 Callbacks callbacks) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  pipe_ = std::make_unique<MessagePipe>(FileDescriptor(ends[0]));
  FileDescriptor childs_end(ends[1]);
  // dup2 onto itself would leave the descriptor to be closed at exec.
  if (childs_end.get() == kChildFd) childs_end = FileDescriptor(::fcntl(kChildFd, F_DUPFD_CLOEXEC, kChildFd + 1));
  pid_ = spawn(executable, childs_end.get());
  childs_end.reset();
  v1::ExecutorCommand first;
  *first.mutable_setting() = setting;
  pipe_->send(first);
  reader_ = std::jthread([this, callbacks = std::move(callbacks)] { read(callbacks); });
}

ExecutorProcess::~ExecutorProcess() { kill(); }

void ExecutorProcess::kill() {
  const std::lock_guard lock(mutex_);
  if (!is_reaped_) ::kill(pid_, SIGKILL);
}

void ExecutorProcess::read(const Callbacks& callbacks) {
  v1::ExecutorEvent event;
  while (pipe_->receive(event)) callbacks.on_event(std::move(event));
  int status = 0;
  // Not reaped before the flag says so: the number could be another process's by then.
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  {
    const std::lock_guard lock(mutex_);
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    is_reaped_ = true;
  }
  callbacks.on_end(how_it_ended(status));
}

}  // namespace lathe::scheduler
