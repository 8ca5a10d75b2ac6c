#include "scheduler/cli/daemon.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>

namespace lathe::cli {
namespace {

std::atomic<int> requests{0};

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
    action.sa_handler = [](int) { ++requests; };
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(number, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  (void)kIsSet;
  return requests;
}

}  // namespace lathe::cli
