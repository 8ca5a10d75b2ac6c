// How long work has taken.
#pragma once

#include <chrono>

namespace lathe::scheduler {

class Elapsed {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(); }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace lathe::scheduler
