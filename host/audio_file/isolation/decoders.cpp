#include "host/audio_file/isolation/decoders.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>

#include "host/audio_file/isolation/nursery.h"

namespace lathe {
namespace {

// A header takes 20 us to read and a child 0.5 ms to fork: shared by so many, the fork is no more than the reading.
constexpr int kSharedHeaders = 32;

std::unique_ptr<Decoders>& decoders() {
  static std::unique_ptr<Decoders> running;
  return running;
}

struct SocketPair {
  FileDescriptor ours, theirs;
};

SocketPair make_pair(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

}  // namespace

void start_decoders() {
  const char* said = std::getenv("LATHE_ISOLATION");
  const std::string_view how = said == nullptr ? "" : said;
  if (how == "off" || decoders()) return;
  SocketPair line = make_pair(SOCK_SEQPACKET);
  // Not released before it is closed there: in the nursery it must stay open.
  isolation::fork_nursery(line.theirs.get());
  line.theirs.release();
  decoders() = std::make_unique<Decoders>(std::move(line.ours), how == "file" ? 1 : kSharedHeaders);
}

Decoders* running_decoders() { return decoders().get(); }

Decoders::Decoders(FileDescriptor nursery, int shared_headers)
    : nursery_(std::move(nursery)), shared_headers_(shared_headers) {}

isolation::ChildLink Decoders::order() {
  SocketPair line = make_pair(SOCK_STREAM), obituary = make_pair(SOCK_SEQPACKET);
  const std::array<int, 2> fds{line.theirs.get(), obituary.theirs.get()};
  char word = 1;
  iovec piece{&word, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* extra = CMSG_FIRSTHDR(&header);
  extra->cmsg_level = SOL_SOCKET;
  extra->cmsg_type = SCM_RIGHTS;
  extra->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(extra), fds.data(), sizeof fds);
  while (::sendmsg(nursery_.get(), &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) throw IsolationFailed("the process that starts decoders is gone; run again");
  }
  return {std::move(line.ours), std::move(obituary.ours)};
}

isolation::ChildLink Decoders::take() {
  const std::lock_guard lock(mutex_);
  // A spare may have been ended by something outside meanwhile: no file's fault.
  isolation::ChildLink taken = spare_ && spare_->is_idle() ? std::move(*spare_) : order();
  spare_.reset();
  spare_ = order();
  return taken;
}

Decoders::HeaderChild Decoders::take_for_header(Container container) {
  {
    const std::lock_guard lock(mutex_);
    std::vector<HeaderChild>& children = resting(container);
    while (!children.empty()) {
      HeaderChild child = std::move(children.back());
      children.pop_back();
      if (child.link.is_idle()) return child;
    }
  }
  return {take(), 0};
}

void Decoders::give_back(Container container, HeaderChild child) {
  if (++child.files >= shared_headers_) return;
  const std::lock_guard lock(mutex_);
  resting(container).push_back(std::move(child));
}

}  // namespace lathe
