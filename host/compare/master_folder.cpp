#include "host/compare/master_folder.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "host/audio_file/audio_file.h"
#include "host/report/track_json.h"

namespace lathe {
namespace fs = std::filesystem;

MasterFolder look_through(const MasterManifest& manifest) {
  FolderFiles files = audio_files_below(manifest.folder);
  std::map<std::string, fs::path> by_shown_name;
  for (fs::path& path : files.audio) {
    path = path.lexically_relative(manifest.folder);
    by_shown_name.emplace(json_text(path), path);
  }
  MasterFolder folder;
  folder.unlisted = std::move(files.unlisted);
  std::set<fs::path> named;
  for (const MasterOrigin& track : manifest.tracks) {
    for (const MasterEntry& entry : track.outputs) {
      const auto shown = by_shown_name.find(entry.path);
      const std::string real = shown == by_shown_name.end() ? entry.path : shown->second.string();
      NamedMaster& master = folder.masters.emplace_back();
      master.track = &track;
      master.entry = &entry;
      master.path = path_in_folder(manifest.folder, real);
      if (const auto outside = master.path ? leads_out(manifest.folder, *master.path) : std::nullopt) {
        master.leads_to = *outside;
        master.path.reset();
      }
      named.insert(fs::path(real).lexically_normal());
    }
  }
  std::ranges::sort(files.audio);
  std::ranges::copy_if(files.audio, std::back_inserter(folder.unnamed),
                       [&named](const fs::path& path) { return !named.contains(path); });
  return folder;
}

MasterCheck check_named(const NamedMaster& master, const KnownHashes& known, const MasterCheckOptions& options,
                        const std::atomic<bool>& is_cancelled) {
  if (master.path) return check_master(*master.entry, *master.path, known, options, is_cancelled);
  MasterCheck check;
  check.state = MasterState::unreadable;
  check.findings.push_back(
      {"OUTSIDE", master.leads_to.empty()
                      ? "its path leads out of the folder, and is not followed"
                      : "a link leads out of the folder, to " + master.leads_to.string() + ", and is not followed"});
  return check;
}

std::optional<fs::path> moved_to(const MasterEntry& entry, const MasterManifest& manifest, const MasterFolder& folder,
                                 const std::atomic<bool>& is_cancelled) {
  for (const fs::path& candidate : folder.unnamed) {
    std::error_code error;
    const auto size = fs::file_size(manifest.folder / candidate, error);
    if (error || static_cast<std::int64_t>(size) != entry.bytes) continue;
    try {
      if (sha256_of_file(manifest.folder / candidate, is_cancelled) == entry.sha256) return candidate;
    } catch (const AudioFileError&) {
      continue;  // it is no worse than any other file that is not the one
    }
  }
  return std::nullopt;
}

}  // namespace lathe
