// The audio files below a folder that somebody gave.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lathe {

struct UnlistedFolder {
  std::filesystem::path path;
  std::string reason;
};

struct FolderFiles {
  std::vector<std::filesystem::path> audio;  // by extension, sorted; some may be links that lead nowhere
  std::vector<UnlistedFolder> unlisted;      // what is in them is not known
};

// Hidden files and folders are passed over, links to folders not followed. Never throws for what lies there.
FolderFiles audio_files_below(const std::filesystem::path& folder);

}  // namespace lathe
