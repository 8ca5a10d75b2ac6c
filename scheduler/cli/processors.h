// How many processors this process may use.
#pragma once

#include <sched.h>

#include <algorithm>

namespace lathe::cli {

inline int processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace lathe::cli
