// A folder of masters as a whole: what its manifest names, where that lies, and what else lies there.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "host/compare/folder_files.h"
#include "host/compare/master_check.h"

namespace lathe {

struct NamedMaster {
  const MasterOrigin* track = nullptr;
  const MasterEntry* entry = nullptr;
  // Where it is or would be; none where the manifest's path, or a link on it, leads out of the folder.
  std::optional<std::filesystem::path> path;
  std::filesystem::path leads_to = {};  // where a link leads out to
};

struct MasterFolder {
  std::vector<NamedMaster> masters;            // in the order of the manifest
  std::vector<std::filesystem::path> unnamed;  // audio files (by extension) that it does not name, relative and sorted
  std::vector<UnlistedFolder> unlisted;        // in which others may lie
};

// Hidden files and folders are passed over. Names that are no UTF-8 are found by how the manifest shows them.
MasterFolder look_through(const MasterManifest& manifest);

// check_master(), and for a path that leads out of the folder what is to be said.
MasterCheck check_named(const NamedMaster& master, const KnownHashes& known, const MasterCheckOptions& options,
                        const std::atomic<bool>& is_cancelled);

// The unnamed file that has this master's bytes, if one has. Reads those of its size. Throws CheckCancelled.
std::optional<std::filesystem::path> moved_to(const MasterEntry& entry, const MasterManifest& manifest,
                                              const MasterFolder& folder, const std::atomic<bool>& is_cancelled);

}  // namespace lathe
