#include "scheduler/worker/message_pipe.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace lathe::scheduler {
namespace {

constexpr std::uint32_t kMaxBytes = 64 << 20;

bool receive_all(int fd, char* into, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::recv(fd, into, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

bool MessagePipe::send(const google::protobuf::MessageLite& message) {
  std::string text(4, '\0');
  if (!message.AppendToString(&text)) return false;
  const auto bytes = static_cast<std::uint32_t>(text.size() - 4);
  for (std::size_t i = 0; i < 4; ++i) text[i] = static_cast<char>(bytes >> (8 * i));
  const std::lock_guard lock(sending_);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t sent = ::send(fd_.get(), text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += static_cast<std::size_t>(sent);
  }
  return true;
}

bool MessagePipe::receive(google::protobuf::MessageLite& message) {
  unsigned char length[4];
  if (!receive_all(fd_.get(), reinterpret_cast<char*>(length), 4)) return false;
  std::uint32_t bytes = 0;
  for (std::size_t i = 0; i < 4; ++i) bytes |= static_cast<std::uint32_t>(length[i]) << (8 * i);
  if (bytes > kMaxBytes) return false;
  received_.resize(bytes);
  if (!receive_all(fd_.get(), received_.data(), bytes)) return false;
  return message.ParseFromArray(received_.data(), static_cast<int>(bytes));
}

void MessagePipe::shut_down() { ::shutdown(fd_.get(), SHUT_RDWR); }

}  // namespace lathe::scheduler
