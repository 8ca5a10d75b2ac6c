#include "host/audio_file/isolation/nursery.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <system_error>
#include <vector>

#include "host/audio_file/file_descriptor.h"
#include "host/audio_file/isolation/decoder_child.h"
#include "host/audio_file/isolation/sandbox.h"
#include "host/audio_file/isolation/warm_up.h"

namespace lathe::isolation {
namespace {

struct Order {
  FileDescriptor socket, obituary;
};

struct Child {
  pid_t pid = -1;
  FileDescriptor obituary;
  bool is_killed = false;
};

class Nursery {
 public:
  Nursery(FileDescriptor orders, std::vector<sock_filter> filter)
      : orders_(std::move(orders)), filter_(std::move(filter)) {
    sigset_t ended;
    ::sigemptyset(&ended);
    ::sigaddset(&ended, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &ended, nullptr);
    ended_ = FileDescriptor(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  // Until Lathe is gone.
  void run() {
    for (;;) {
      std::vector<pollfd> watched{{orders_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
      for (const Child& child : children_)
        watched.push_back({child.is_killed ? -1 : child.obituary.get(), POLLIN | POLLRDHUP, 0});
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      for (std::size_t i = 0; i < children_.size(); ++i) {
        if (watched[i + 2].revents != 0) kill(children_[i]);
      }
      if (watched[1].revents != 0) reap();
      if (watched[0].revents != 0 && !take_order()) break;
    }
    for (Child& child : children_) kill(child);
  }

 private:
  static void kill(Child& child) {
    ::kill(child.pid, SIGKILL);
    child.is_killed = true;
  }

  void reap() {
    std::array<signalfd_siginfo, 16> news;
    while (::read(ended_.get(), news.data(), sizeof news) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      std::erase_if(children_, [&](const Child& child) {
        if (child.pid != pid) return false;
        ::send(child.obituary.get(), &status, sizeof status, MSG_NOSIGNAL);
        return true;
      });
    }
  }

  // False: nobody is there to give one.
  bool take_order() {
    char order = 0;
    iovec piece{&order, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(orders_.get(), &header, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    const cmsghdr* extra = CMSG_FIRSTHDR(&header);
    if (extra == nullptr || extra->cmsg_type != SCM_RIGHTS || extra->cmsg_len != CMSG_LEN(2 * sizeof(int))) return true;
    std::array<int, 2> fds{};
    std::memcpy(fds.data(), CMSG_DATA(extra), sizeof fds);
    start(FileDescriptor(fds[0]), FileDescriptor(fds[1]));
    return true;
  }

  void start(FileDescriptor socket, FileDescriptor obituary) {
    const pid_t nursery = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != nursery) ::_exit(1);
      if (socket.get() != kDecoderSocket) ::dup2(socket.get(), kDecoderSocket);
      if (!enter_sandbox(filter_)) ::_exit(1);
      decode_files();
    }
    // A child that could not be forked has a socket that is at its end, and no obituary.
    if (pid > 0) children_.push_back({pid, std::move(obituary), false});
  }

  FileDescriptor orders_, ended_;
  std::vector<sock_filter> filter_;
  std::vector<Child> children_;
};

}  // namespace

void fork_nursery(int socket) {
  std::vector<sock_filter> filter = compile_filter();
  const pid_t lathe = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid > 0) {
    ::close(socket);
    return;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != lathe) ::_exit(0);
  // Ctrl-C and the like are Lathe's to act on.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) std::signal(number, SIG_IGN);
  close_all_but(socket);
  warm_up();
  give_up_rights();
  try {
    Nursery(FileDescriptor(socket), std::move(filter)).run();
  } catch (...) {
  }
  ::_exit(0);
}

}  // namespace lathe::isolation
