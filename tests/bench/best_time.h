// The CPU time of a piece of work on this thread: the best of several runs, the one the rest of the machine disturbed
// least.
#pragma once

#include <algorithm>
#include <ctime>
#include <limits>

namespace lathe::bench {

inline double thread_cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

template <class Work>
double best_time_s(int repeats, Work&& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeats; ++i) {
    const double began = thread_cpu_s();
    work();
    best = std::min(best, thread_cpu_s() - began);
  }
  return std::max(best, 1e-9);
}

}  // namespace lathe::bench
