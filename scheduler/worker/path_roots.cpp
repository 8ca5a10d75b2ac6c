#include "scheduler/worker/path_roots.h"

#include <algorithm>
#include <filesystem>

namespace lathe::scheduler {

namespace fs = std::filesystem;

void check_below_roots(const std::string& path, const std::vector<std::string>& roots) {
  if (roots.empty()) return;
  const fs::path real = fs::weakly_canonical(path);
  for (const std::string& root : roots) {
    const fs::path below = fs::weakly_canonical(root);
    const auto [end, at] = std::mismatch(below.begin(), below.end(), real.begin(), real.end());
    if (end == below.end() || (std::next(end) == below.end() && end->empty())) return;
  }
  throw PathOutside(path + " leads to " + real.string() + ", outside of the folders this worker works on (--root)");
}

}  // namespace lathe::scheduler
