// A folder in BagIt form (RFC 8493) against its own manifests: what of it is whole, and what is in it that is not
// named.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lathe {

struct BagProblem {
  std::string path;     // below the bag, as its manifest has it
  std::string code;     // stable: "MISSING", "CHANGED", "UNNAMED", "UNREADABLE", "OUTSIDE", "MANIFEST", "OXUM"
  std::string message;  // for people
};

struct BagCheck {
  std::int64_t files = 0;  // that the manifests name
  std::vector<BagProblem> problems;
  bool is_valid() const { return problems.empty(); }
};

// Whether the folder says that it is a bag.
bool is_bag_folder(const std::filesystem::path& folder);

// manifest-sha256.txt and, if it is there, tagmanifest-sha256.txt: every file that they name is there with its hash,
// data/ holds nothing else (RFC 8493, section 3), and Payload-Oxum counts what is there. `known` has hashes that were
// taken already, by path below the bag. Never throws for what is wrong with a file. Throws CheckCancelled.
BagCheck check_bag(const std::filesystem::path& bag, const std::map<std::string, std::string>& known,
                   const std::atomic<bool>& is_cancelled);

}  // namespace lathe
