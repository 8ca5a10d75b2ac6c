// CLOCK_BOOTTIME: goes on while the machine sleeps, is set by nobody, and is the same in all processes of a machine.
#pragma once

#include <cstdint>
#include <ctime>

namespace lathe::scheduler {

inline std::int64_t boot_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace lathe::scheduler
