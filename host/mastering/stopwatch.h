// Adds up a thread's CPU time by kind of work.
#pragma once

#include <ctime>

#include "host/mastering/track_report.h"

namespace lathe {

class Stopwatch {
 public:
  // What runs from now on counts as `kind`.
  void start(double BusySeconds::*kind) {
    stop();
    kind_ = kind;
  }
  void stop() {
    const double now = now_s();
    if (kind_ != nullptr) total_.*kind_ += now - since_;
    kind_ = nullptr;
    since_ = now;
  }
  const BusySeconds& total() const { return total_; }

 private:
  static double now_s() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }

  BusySeconds total_;
  double BusySeconds::*kind_ = nullptr;
  double since_ = now_s();
};

}  // namespace lathe
