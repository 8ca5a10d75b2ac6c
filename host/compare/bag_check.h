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
  std::int64_t files = 0;  // that the manifests name, each counted once
  std::vector<BagProblem> problems;
  std::vector<std::string> not_checked;  // manifests of an unknown algorithm: their hashes were held against nothing
  bool is_valid() const { return problems.empty(); }
};

// Whether the folder says that it is a bag.
bool is_bag_folder(const std::filesystem::path& folder);

// Every manifest-ALGORITHM.txt and tagmanifest-ALGORITHM.txt (MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512): all
// files that they name are there with their hashes; each payload manifest names all of data/, or in bags before
// version 1.0 all of them together do (RFC 8493, section 3); and Payload-Oxum counts what is there. `known` has SHA-256
// hashes that were taken already, by path below the bag. Never throws for what is wrong with a file. Throws
// CheckCancelled.
BagCheck check_bag(const std::filesystem::path& bag, const std::map<std::string, std::string>& known,
                   const std::atomic<bool>& is_cancelled);

}  // namespace lathe
