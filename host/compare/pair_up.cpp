#include <algorithm>
#include <iterator>
#include <map>

#include "host/compare/file_comparison.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

// By path below the folder, without its extension.
std::map<fs::path, std::vector<fs::path>> by_key(const fs::path& folder, std::vector<UnlistedFolder>& unlisted) {
  FolderFiles files = audio_files_below(folder);
  std::map<fs::path, std::vector<fs::path>> found;
  for (const fs::path& path : files.audio) {
    fs::path key = path.lexically_relative(folder);
    found[key.replace_extension()].push_back(path);
  }
  std::ranges::move(files.unlisted, std::back_inserter(unlisted));
  return found;
}

}  // namespace

FolderPairs pair_up(const fs::path& a, const fs::path& b) {
  FolderPairs result;
  const auto files_a = by_key(a, result.unlisted);
  auto files_b = by_key(b, result.unlisted);
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
