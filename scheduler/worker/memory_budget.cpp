#include "scheduler/worker/memory_budget.h"

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

namespace lathe::scheduler {
namespace {

constexpr std::int64_t kLeast = 256 << 20;

std::int64_t available_bytes() {
  std::ifstream meminfo("/proc/meminfo");
  std::string key, unit;
  std::int64_t kib = 0;
  while (meminfo >> key >> kib) {
    std::getline(meminfo, unit);
    if (key == "MemAvailable:") return kib * 1024;
  }
  return 4 * kLeast;
}

// What the control group leaves, or -1 without a limit.
std::int64_t group_bytes() {
  std::int64_t most = -1, used = 0;
  std::ifstream("/sys/fs/cgroup/memory.max") >> most;
  std::ifstream("/sys/fs/cgroup/memory.current") >> used;
  return most > 0 ? most - used : -1;
}

}  // namespace

std::int64_t default_memory_bytes() {
  std::int64_t bytes = available_bytes();
  const std::int64_t group = group_bytes();
  if (group >= 0 && group < bytes) bytes = group;
  bytes = bytes / 10 * 6;
  return bytes < kLeast ? kLeast : bytes;
}

std::int64_t parse_memory(const char* text) {
  static const std::map<std::string, double> units{{"", 1},
                                                   {"b", 1},
                                                   {"k", 1024},
                                                   {"kib", 1024},
                                                   {"kb", 1e3},
                                                   {"m", 1048576},
                                                   {"mib", 1048576},
                                                   {"mb", 1e6},
                                                   {"g", 1 << 30},
                                                   {"gib", 1 << 30},
                                                   {"gb", 1e9},
                                                   {"t", 1024.0 * (1 << 30)},
                                                   {"tib", 1024.0 * (1 << 30)},
                                                   {"tb", 1e12}};
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  std::string unit(end);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto found = units.find(unit);
  if (end == text || found == units.end() || !(value > 0) || value * found->second > 1e16) {
    throw std::invalid_argument("'" + std::string(text) + "' is no amount of memory; write 2GiB, 1500MiB or bytes");
  }
  const auto bytes = static_cast<std::int64_t>(value * found->second);
  if (bytes < kLeast / 4)
    throw std::invalid_argument("'" + std::string(text) + "' is too little memory; 64MiB is the least");
  return bytes;
}

}  // namespace lathe::scheduler
