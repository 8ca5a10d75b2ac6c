#include "scheduler/service/keeper.h"

#include <chrono>

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

constexpr auto kEvery = 1s;
// A worker beats its heart every ten seconds; after so long it has been gone for many leases.
constexpr std::int64_t kSilentMs = 5 * 60'000;

}  // namespace

Keeper::Keeper(JobStore& store, WorkSignal& signal)
    : store_(store), signal_(signal), thread_([this](const std::stop_token& stopping) { run(stopping); }) {}

Keeper::~Keeper() {
  thread_.request_stop();
  changed_.notify_all();
}

void Keeper::run(const std::stop_token& stopping) {
  while (!stopping.stop_requested()) {
    try {
      if (!store_.rescue_expired(random01).empty()) signal_.raise();
      store_.retire_silent_workers(store_.now_ms() - kSilentMs);
    } catch (const std::exception&) {
      // The store is away for a moment; callers are told by their own calls.
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stopping, kEvery, [] { return false; });
  }
}

}  // namespace lathe::scheduler
