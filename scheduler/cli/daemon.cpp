#include "scheduler/cli/daemon.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <time.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>

namespace lathe::cli {
namespace {

// A signal to a process and to its group, as timeout(1) sends it, is one.
constexpr std::int64_t kOneSignal_ms = 300;

std::atomic<int> requests{0};
std::atomic<std::int64_t> counted_ms{-kOneSignal_ms};

void note_request(int) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const std::int64_t now_ms = std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  if (now_ms - counted_ms < kOneSignal_ms) return;
  counted_ms = now_ms;
  ++requests;
}

}  // namespace

void log_line(const std::string& who, const std::string& text) {
  using namespace std::chrono;
  const auto now = time_point_cast<milliseconds>(system_clock::now());
  const auto millisecond = now.time_since_epoch().count() % 1000;
  const std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {}: {}\n",
                                       fmt::gmtime(system_clock::to_time_t(now)), millisecond, who, text);
  std::fputs(line.c_str(), stderr);
}

const std::atomic<int>& termination_requests() {
  static const bool kIsSet = [] {
    struct sigaction action {};
    action.sa_handler = note_request;
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(number, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  (void)kIsSet;
  return requests;
}

}  // namespace lathe::cli
