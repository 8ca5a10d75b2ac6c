// The simulated file system: names, and what lies under them. Files without a name yet belong to their executor.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace lathe::scheduler::simulation {

struct File {
  std::string content;
  std::int64_t mtime_ns = 0;
};
using Folder = std::map<std::string, File>;

}  // namespace lathe::scheduler::simulation
