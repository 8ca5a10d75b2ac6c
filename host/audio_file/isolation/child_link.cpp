#include "host/audio_file/isolation/child_link.h"

#include <fmt/format.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "host/audio_file/audio_file.h"

namespace lathe::isolation {
namespace {

using Code = DecoderDied::Code;

constexpr int kObituary_ms = 5'000;  // between a child's last word and that it is reaped
constexpr std::size_t kMostReasonBytes = 4096;

bool is_readable(int fd, int timeout_ms) {
  for (;;) {
    pollfd wait{fd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, timeout_ms);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

std::string call_name(std::int64_t number) {
  const std::unique_ptr<char, void (*)(void*)> name(
      ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number)), std::free);
  return name ? name.get() : fmt::format("system call {}", number);
}

std::int64_t number_in(const Message& message) {
  Unpacker unpacker(message.body);
  return unpacker.number();
}

// What the child says of the file.
[[noreturn]] void throw_fault(const std::filesystem::path& path, const Message& message) {
  Unpacker unpacker(message.body);
  const auto fault = static_cast<AudioFileError::Fault>(
      unpacker.number_between(0, static_cast<int>(AudioFileError::Fault::storage_failed)));
  throw AudioFileError(fault, path, unpacker.text().substr(0, kMostReasonBytes));
}

}  // namespace

bool ChildLink::is_idle() const { return !is_readable(socket_.get(), 0); }

void ChildLink::send(const std::filesystem::path& path, Kind kind, std::string_view body, int fd) {
  // A child that does not read must not hold up Lathe; what it is sent is short.
  if (!send_message(socket_.get(), kind, body, fd, Patience::refuses)) fail_ended(path);
}

Message ChildLink::receive(const std::filesystem::path& path, int longest_ms) {
  Message message;
  try {
    switch (receive_message(socket_.get(), longest_ms, message)) {
      case Received::nothing_in_time:
        throw DecoderDied(Code::timeout, path,
                          fmt::format("its decoder was stopped: it made no progress for {} s", longest_ms / 1000));
      case Received::end:
        fail_ended(path);
      case Received::message:
        break;
    }
    if (message.kind == Kind::fault) throw_fault(path, message);
    if (message.kind == Kind::forbidden) {
      throw DecoderDied(Code::forbidden, path,
                        fmt::format("its decoder was stopped: it tried what a decoder must not do: {}",
                                    call_name(number_in(message))));
    }
    if (message.kind == Kind::aborted)
      throw DecoderDied(Code::crashed, path, "its decoder crashed: Aborted (signal 6)");
  } catch (const WireError& error) {
    fail_nonsense(path, error.what());
  }
  return message;
}

void ChildLink::fail_nonsense(const std::filesystem::path& path, const char* what) {
  throw DecoderDied(Code::crashed, path, fmt::format("its decoder was stopped: its answer is none ({})", what));
}

void ChildLink::fail_ended(const std::filesystem::path& path) {
  // What it said before it ended says more than how it ended.
  Message last;
  if (is_readable(socket_.get(), 0) && receive_message(socket_.get(), 0, last) == Received::message &&
      last.kind == Kind::forbidden) {
    throw DecoderDied(
        Code::forbidden, path,
        fmt::format("its decoder was stopped: it tried what a decoder must not do: {}", call_name(number_in(last))));
  }
  const bool ended_itself = is_readable(obituary_.get(), kObituary_ms);
  if (!ended_itself) {
    ::shutdown(obituary_.get(), SHUT_WR);  // it only hung up: now it is killed
    is_readable(obituary_.get(), kObituary_ms);
  }
  int status = 0;
  if (::recv(obituary_.get(), &status, sizeof status, MSG_DONTWAIT) != sizeof status)
    throw IsolationFailed("the process that starts decoders is gone; run again");
  if (!ended_itself) fail_nonsense(path, "it hung up");
  if (!WIFSIGNALED(status)) {
    throw DecoderDied(Code::crashed, path, fmt::format("its decoder ended with code {}", WEXITSTATUS(status)));
  }
  const int number = WTERMSIG(status);
  const std::string name = fmt::format("{} (signal {})", ::strsignal(number), number);
  if (number == SIGXCPU)
    throw DecoderDied(Code::timeout, path, "its decoder was stopped: it used more processor time than any file needs");
  if (number == SIGSYS)
    throw DecoderDied(Code::forbidden, path,
                      "its decoder was stopped: it tried what a decoder must not do: a call of another architecture");
  if (number == SIGKILL) throw DecoderDied(Code::killed, path, "its decoder was killed from outside: " + name);
  throw DecoderDied(Code::crashed, path, "its decoder crashed: " + name);
}

}  // namespace lathe::isolation
