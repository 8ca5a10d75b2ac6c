// Adds up a thread's CPU time by kind of work. The slices are told apart by the clock on the wall, which costs nothing
// to read, and scaled at the end to the CPU time that the thread had in all.
#pragma once

#include <algorithm>
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
    const double now = wall_now_s();
    if (kind_ != nullptr) total_.*kind_ += now - since_;
    kind_ = nullptr;
    since_ = now;
  }
  // What this thread does from now on counts as nothing, and nor does the time that it waits: other processes work for
  // it.
  void pause() {
    stop();
    paused_wall_s_ = wall_now_s();
    paused_cpu_s_ = cpu_now_s();
  }
  void go_on() {
    since_ = wall_now_s();
    wall_began_s_ += since_ - paused_wall_s_;
    cpu_began_s_ += cpu_now_s() - paused_cpu_s_;
  }
  BusySeconds total() const {
    const double wall_s = wall_now_s() - wall_began_s_;
    const double share = wall_s > 0 ? std::min(1.0, (cpu_now_s() - cpu_began_s_) / wall_s) : 1.0;
    BusySeconds cpu = total_;
    for (double BusySeconds::*kind :
         {&BusySeconds::decode, &BusySeconds::kernels, &BusySeconds::limiter, &BusySeconds::encode, &BusySeconds::io})
      cpu.*kind *= share;
    return cpu;
  }

 private:
  static double wall_now_s() { return now_s(CLOCK_MONOTONIC); }
  static double cpu_now_s() { return now_s(CLOCK_THREAD_CPUTIME_ID); }
  static double now_s(clockid_t clock) {
    timespec t{};
    ::clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }

  BusySeconds total_;
  double BusySeconds::*kind_ = nullptr;
  double since_ = 0;
  double wall_began_s_ = wall_now_s(), cpu_began_s_ = cpu_now_s();
  double paused_wall_s_ = 0, paused_cpu_s_ = 0;
};

}  // namespace lathe
