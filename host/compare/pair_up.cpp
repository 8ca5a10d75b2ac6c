#include <algorithm>
#include <map>

#include "host/audio_file/audio_file.h"
#include "host/compare/file_comparison.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

// By path below the folder, without its extension.
std::map<fs::path, std::vector<fs::path>> audio_below(const fs::path& folder) {
  std::map<fs::path, std::vector<fs::path>> found;
  for (fs::recursive_directory_iterator at(folder), end; at != end; ++at) {
    if (at->path().filename().native().starts_with(".")) {
      at.disable_recursion_pending();
      continue;
    }
    if (at->is_directory() || !is_accepted_extension(at->path().extension().string())) continue;
    fs::path key = at->path().lexically_relative(folder);
    found[key.replace_extension()].push_back(at->path());
  }
  for (auto& [key, paths] : found) std::ranges::sort(paths);
  return found;
}

}  // namespace

FolderPairs pair_up(const fs::path& a, const fs::path& b) {
  FolderPairs result;
  const auto files_a = audio_below(a);
  auto files_b = audio_below(b);
  for (const auto& [key, paths] : files_a) {
    std::vector<fs::path>& others = files_b[key];
    std::vector<fs::path> left;
    const auto take = [&](const fs::path& path, std::vector<fs::path>::iterator partner) {
      result.pairs.push_back({path, *partner});
      others.erase(partner);
    };
    for (const fs::path& path : paths) {
      const auto same = std::ranges::find(others, path.extension(), [](const fs::path& p) { return p.extension(); });
      if (same == others.end())
        left.push_back(path);
      else
        take(path, same);
    }
    for (const fs::path& path : left) {
      if (others.empty())
        result.only_a.push_back(path);
      else
        take(path, others.begin());
    }
  }
  for (const auto& [key, paths] : files_b) result.only_b.insert(result.only_b.end(), paths.begin(), paths.end());
  return result;
}

}  // namespace lathe
