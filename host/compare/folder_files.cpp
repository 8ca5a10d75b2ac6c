#include "host/compare/folder_files.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "host/audio_file/audio_file.h"

namespace lathe {

namespace fs = std::filesystem;

FolderFiles audio_files_below(const fs::path& folder) {
  FolderFiles found;
  std::vector<fs::path> folders{folder};
  while (!folders.empty()) {
    const fs::path here = std::move(folders.back());
    folders.pop_back();
    std::error_code error;
    for (fs::directory_iterator at(here, error), end; !error && at != end; at.increment(error)) {
      const fs::path& path = at->path();
      if (path.filename().native().starts_with(".")) continue;
      std::error_code unknown;  // a link in a circle is no folder: opening it says what it is
      if (at->is_directory(unknown)) {
        if (!at->is_symlink(unknown)) folders.push_back(path);
      } else if (is_accepted_extension(path.extension().string())) {
        found.audio.push_back(path);
      }
    }
    if (error) found.unlisted.push_back({here, "the folder cannot be listed: " + error.message()});
  }
  std::ranges::sort(found.audio);
  return found;
}

}  // namespace lathe
