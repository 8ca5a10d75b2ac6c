// The folders a farm works on, as a worker checks them: through links, where only it can look.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace lathe::scheduler {

// A path leads out of the folders this worker works on.
class PathOutside : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Of a path that does not exist yet, the nearest folder above it is looked at. Without roots everything is allowed.
void check_below_roots(const std::string& path, const std::vector<std::string>& roots);

}  // namespace lathe::scheduler
