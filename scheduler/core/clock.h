// Where the scheduler reads the time: milliseconds since 1970-01-01 UTC. Tests bring their own.
#pragma once

#include <chrono>
#include <cstdint>

namespace lathe::scheduler {

class Clock {
 public:
  virtual ~Clock() = default;
  // Called from several threads at once. May step backwards when the machine's time is set.
  virtual std::int64_t now_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t now_ms() const override {
    using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  }
};

}  // namespace lathe::scheduler
