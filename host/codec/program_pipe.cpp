#include "host/codec/program_pipe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

namespace lathe {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLookEvery_ms = 200;
constexpr std::chrono::seconds kLongestSilence{60}, kLongestEnd{20};
constexpr std::size_t kMostWords = 400;  // of a program's complaint
constexpr std::int64_t kMostWordBytes = 1 << 20;

// Where the first program's bytes go in: a socket, for a write to one can do without SIGPIPE.
struct Feed {
  Feed() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::system_error(errno, std::generic_category(), "socketpair");
    ours = FileDescriptor(ends[0]);
    theirs = FileDescriptor(ends[1]);
  }
  FileDescriptor ours, theirs;
};

// The first lines of what the program complained of, in one.
std::string complaint(int fd) {
  std::string text;
  for (const char c : contents_of(fd, kMostWords)) {
    const bool is_break = c == '\n' || c == '\r';
    if (is_break && !text.empty() && !text.ends_with("; ")) text += "; ";
    if (static_cast<unsigned char>(c) >= 0x20) text += c;
  }
  while (text.ends_with(';') || text.ends_with(' ')) text.pop_back();
  // ffmpeg says where it lies in memory, which is elsewhere each time: the same failure is to give the same report.
  for (std::size_t at; (at = text.find(" @ 0x")) != std::string::npos;)
    text.erase(at, std::min(text.find_first_not_of("0123456789abcdef", at + 5), text.size()) - at);
  return text;
}

std::string how_it_ended(int code) {
  return code < 0 ? fmt::format("was ended by signal {} ({})", -code, ::strsignal(-code))
                  : fmt::format("ended with code {}", code);
}

class Run {
 public:
  explicit Run(const ProgramPipe& pipe)
      : pipe_(pipe), words_{memory_file("lathe-words"), memory_file("lathe-words")}, moved_(Clock::now()) {
    const Pipe between;
    Pipe out;
    ChildLimits limits = pipe.limits;
    limits.file_bytes = kMostWordBytes;
    start(first_, pipe.first, {feed_.theirs.get(), between.write.get(), words_[0].get()}, limits);
    start(second_, pipe.second, {between.read.get(), out.write.get(), words_[1].get()}, limits);
    feed_.theirs.reset();
    out_ = std::move(out.read);
    if (::fcntl(out_.get(), F_SETFL, O_NONBLOCK) != 0)
      throw std::system_error(errno, std::generic_category(), "a pipe from a child process");
  }

  void run() {
    while (out_.is_open()) {
      std::array<pollfd, 2> ends{{{out_.get(), POLLIN, 0}, {feed_.ours.get(), POLLOUT, 0}}};
      const int ready = ::poll(ends.data(), feed_.ours.is_open() ? 2 : 1, kLookEvery_ms);
      if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
      pipe_.check();
      if (Clock::now() - moved_ > kLongestSilence)
        throw ProgramFailed(pipe_.first[0] + " or " + pipe_.second[0] + " gave nothing for a minute");
      if (ready <= 0) continue;
      if (ends[0].revents != 0) take();
      if (feed_.ours.is_open() && ends[1].revents != 0) give();
    }
    feed_.ours.reset();
    const int first = first_->wait(kLongestEnd), second = second_->wait(kLongestEnd);
    // The one whose reader went away is not the one to blame.
    if (first != 0 && first != -SIGPIPE) fail(pipe_.first[0], first, words_[0].get());
    if (second != 0) fail(pipe_.second[0], second, words_[1].get());
    if (first != 0) fail(pipe_.first[0], first, words_[0].get());
  }

 private:
  static void start(std::optional<ChildProcess>& child, const std::vector<std::string>& command,
                    const ChildFiles& files, const ChildLimits& limits) {
    try {
      child.emplace(command, files, limits);
    } catch (const std::system_error& error) {
      throw ProgramFailed(command[0] + " cannot be run: " + error.code().message());
    }
  }

  void take() {
    const ssize_t n = ::read(out_.get(), buffer_.data(), buffer_.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "reading from " + pipe_.second[0]);
    moved_ = Clock::now();
    if (n == 0) {
      out_.reset();
    } else {
      pipe_.sink({buffer_.data(), static_cast<std::size_t>(n)});
    }
  }

  void give() {
    if (pending_.empty()) {
      pending_ = pipe_.source();
      if (pending_.empty()) return feed_.ours.reset();
    }
    const ssize_t n = ::send(feed_.ours.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // It takes no more: why, its end will say.
    if (n < 0) return feed_.ours.reset();
    moved_ = Clock::now();
    pending_ = pending_.subspan(static_cast<std::size_t>(n));
  }

  [[noreturn]] static void fail(const std::string& name, int code, int words) {
    const std::string text = complaint(words);
    throw ProgramFailed(name + " " + how_it_ended(code) + (text.empty() ? "" : ": " + text));
  }

  const ProgramPipe& pipe_;
  Feed feed_;
  FileDescriptor out_;
  FileDescriptor words_[2];
  std::array<std::byte, 256 << 10> buffer_;
  std::span<const std::byte> pending_;
  Clock::time_point moved_;
  std::optional<ChildProcess> first_, second_;
};

}  // namespace

void ProgramPipe::run() const {
  // The buffer alone is more than a thread's stack should hold.
  std::make_unique<Run>(*this)->run();
}

}  // namespace lathe
