// The simulation's random numbers: the same on every machine and with every standard library.
#pragma once

#include <cstdint>

namespace lathe::scheduler::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele, Lea, Flood 2014).
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Below `end`, which is above 0.
  int below(int end) { return static_cast<int>(next() % static_cast<std::uint64_t>(end)); }
  // From first to last, both included.
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(last - first + 1));
  }
  double real01() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return real01() < probability; }
  // Another source, so that more use of one does not change the numbers of the others.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace lathe::scheduler::simulation
