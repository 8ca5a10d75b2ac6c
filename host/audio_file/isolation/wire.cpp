#include "host/audio_file/isolation/wire.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "host/audio_file/text_encoding.h"

namespace lathe::isolation {
namespace {

// Bodies grow as they arrive: what a head promises is not believed.
constexpr std::size_t kPieceBytes = 1 << 20;

Received receive_bytes(int socket, int timeout_ms, std::byte* into, std::size_t bytes, FileDescriptor* fd) {
  std::size_t done = 0;
  while (done < bytes) {
    if (timeout_ms >= 0) {
      pollfd wait{socket, POLLIN, 0};
      const int ready = ::poll(&wait, 1, timeout_ms);
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) return Received::nothing_in_time;
    }
    iovec piece{into + done, bytes - done};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    if (fd != nullptr) {
      header.msg_control = control.data();
      header.msg_controllen = control.size();
    }
    const ssize_t got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Received::end;
    if (const cmsghdr* extra = fd != nullptr ? CMSG_FIRSTHDR(&header) : nullptr;
        extra != nullptr && extra->cmsg_type == SCM_RIGHTS) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(extra), sizeof received);
      *fd = FileDescriptor(received);
    }
    done += static_cast<std::size_t>(got);
  }
  return Received::message;
}

}  // namespace

Packer& Packer::number(std::int64_t value) {
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  return *this;
}

Packer& Packer::text(std::string_view text) {
  number(static_cast<std::int64_t>(text.size()));
  bytes_.append(text);
  return *this;
}

std::int64_t Unpacker::number() {
  std::int64_t value = 0;
  if (left_.size() < sizeof value) throw WireError("a message ends early");
  std::memcpy(&value, left_.data(), sizeof value);
  left_.remove_prefix(sizeof value);
  return value;
}

std::int64_t Unpacker::number_between(std::int64_t least, std::int64_t most) {
  const std::int64_t value = number();
  if (value < least || value > most) throw WireError("a number in a message is out of its range");
  return value;
}

std::string Unpacker::text() {
  const auto bytes = static_cast<std::size_t>(number_between(0, static_cast<std::int64_t>(left_.size())));
  if (bytes > left_.size()) throw WireError("a message ends early");
  std::string text(left_.substr(0, bytes));
  left_.remove_prefix(bytes);
  return text;
}

std::string Unpacker::readable() {
  std::string text = this->text();
  if (!is_utf8(text)) throw WireError("a text is not UTF-8");
  return text;
}

std::size_t Unpacker::count(std::size_t least_bytes) {
  return static_cast<std::size_t>(number_between(0, static_cast<std::int64_t>(left_.size() / least_bytes)));
}

void Unpacker::expect_end() const {
  if (!left_.empty()) throw WireError("a message is longer than it should be");
}

bool send_message(int socket, Kind kind, std::string_view body, int fd, Patience patience) {
  const Head head{kind, static_cast<std::uint32_t>(body.size())};
  std::size_t done = 0;
  const std::size_t total = sizeof head + body.size();
  while (done < total) {
    std::array<iovec, 2> pieces{};
    std::size_t count = 0;
    if (done < sizeof head) {
      pieces[count++] = {const_cast<char*>(reinterpret_cast<const char*>(&head)) + done, sizeof head - done};
    }
    const std::size_t of_body = done < sizeof head ? 0 : done - sizeof head;
    if (of_body < body.size()) pieces[count++] = {const_cast<char*>(body.data()) + of_body, body.size() - of_body};
    msghdr header{};
    header.msg_iov = pieces.data();
    header.msg_iovlen = count;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (fd >= 0 && done == 0) {
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      cmsghdr* extra = CMSG_FIRSTHDR(&header);
      extra->cmsg_level = SOL_SOCKET;
      extra->cmsg_type = SCM_RIGHTS;
      extra->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(extra), &fd, sizeof fd);
    }
    const ssize_t sent = ::sendmsg(socket, &header, MSG_NOSIGNAL | (patience == Patience::refuses ? MSG_DONTWAIT : 0));
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    done += static_cast<std::size_t>(sent);
  }
  return true;
}

Received receive_message(int socket, int timeout_ms, Message& message, FileDescriptor* fd) {
  Head head;
  const Received first = receive_bytes(socket, timeout_ms, reinterpret_cast<std::byte*>(&head), sizeof head, fd);
  if (first != Received::message) return first;
  if (head.bytes > kMostMessageBytes) throw WireError("a message is longer than any may be");
  message.kind = head.kind;
  message.body.clear();
  while (message.body.size() < head.bytes) {
    const std::size_t at = message.body.size();
    const std::size_t piece = std::min<std::size_t>(kPieceBytes, head.bytes - at);
    message.body.resize(at + piece);
    const Received more =
        receive_bytes(socket, timeout_ms, reinterpret_cast<std::byte*>(message.body.data()) + at, piece, nullptr);
    if (more != Received::message) return more;
  }
  return Received::message;
}

}  // namespace lathe::isolation
