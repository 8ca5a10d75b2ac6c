#include "scheduler/cli/interrupt.h"

#include <time.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace lathe::cli {
namespace {

// A signal to a process and to its group, as timeout(1) sends it, is one.
constexpr std::int64_t kOneSignal_ms = 300;

std::atomic<bool> g_interrupted{false};
std::atomic<std::int64_t> g_interrupted_ms{0};

extern "C" void on_signal(int signal) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t now_ms = std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  std::int64_t first_ms = 0;
  if (!g_interrupted_ms.compare_exchange_strong(first_ms, now_ms) && now_ms - first_ms > kOneSignal_ms)
    std::_Exit(128 + signal);
  g_interrupted = true;
}

}  // namespace

const std::atomic<bool>& watch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, SIG_IGN) != SIG_IGN) std::signal(SIGHUP, on_signal);  // nohup(1) ignores it
  std::signal(SIGPIPE, SIG_IGN);
  return g_interrupted;
}

}  // namespace lathe::cli
