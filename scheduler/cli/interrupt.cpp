#include "scheduler/cli/interrupt.h"

#include <csignal>
#include <cstdlib>

namespace lathe::cli {
namespace {

std::atomic<bool> g_interrupted{false};

extern "C" void on_signal(int signal) {
  if (g_interrupted.exchange(true)) std::_Exit(128 + signal);
}

}  // namespace

const std::atomic<bool>& watch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  return g_interrupted;
}

}  // namespace lathe::cli
