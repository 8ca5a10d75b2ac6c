// What the services of one scheduler share.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "scheduler/service/call_gate.h"
#include "scheduler/store/job_store.h"

namespace lathe::scheduler {

// Somebody may find work now: a job was sealed, resumed, retried; a task came back.
class WorkSignal {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    if (listener_) listener_();
  }
  void listen(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }

 private:
  std::mutex mutex_;
  std::function<void()> listener_;
};

struct FarmContext {
  JobStore& store;
  CallGate& gate;
  WorkSignal& signal;
  std::int64_t lease_ms = 30'000;
  std::vector<std::string> roots;  // inputs and outputs lie below these; none: anywhere
  std::string version;
  // Checks a recipe and gives its canonical JSON and hash; throws std::invalid_argument with all that is wrong.
  struct Recipe {
    std::string canonical_json, sha256;
  };
  std::function<Recipe(const std::string&)> check_recipe;
  // Throws std::invalid_argument for a name that is no profile.
  std::function<void(const std::string&)> check_profile;
};

double random01();

}  // namespace lathe::scheduler
