#include "host/compare/master_folder.h"

#include <algorithm>
#include <map>
#include <set>

#include "host/audio_file/audio_file.h"
#include "host/report/track_json.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with("."); }

}  // namespace

MasterFolder look_through(const MasterManifest& manifest) {
  std::vector<fs::path> audio;
  std::map<std::string, fs::path> by_shown_name;
  for (fs::recursive_directory_iterator at(manifest.folder), end; at != end; ++at) {
    if (is_hidden(at->path())) {
      at.disable_recursion_pending();
      continue;
    }
    if (at->is_directory() || !is_accepted_extension(at->path().extension().string())) continue;
    audio.push_back(at->path().lexically_relative(manifest.folder));
    by_shown_name.emplace(json_text(audio.back()), audio.back());
  }
  MasterFolder folder;
  std::set<fs::path> named;
  for (const MasterOrigin& track : manifest.tracks) {
    for (const MasterEntry& entry : track.outputs) {
      const auto shown = by_shown_name.find(entry.path);
      const std::string real = shown == by_shown_name.end() ? entry.path : shown->second.string();
      folder.masters.push_back({&track, &entry, path_in_folder(manifest.folder, real)});
      named.insert(fs::path(real).lexically_normal());
    }
  }
  std::ranges::sort(audio);
  std::ranges::copy_if(audio, std::back_inserter(folder.unnamed),
                       [&named](const fs::path& path) { return !named.contains(path); });
  return folder;
}

MasterCheck check_named(const NamedMaster& master, const KnownHashes& known, const MasterCheckOptions& options,
                        const std::atomic<bool>& is_cancelled) {
  if (master.path) return check_master(*master.entry, *master.path, known, options, is_cancelled);
  MasterCheck check;
  check.state = MasterState::unreadable;
  check.findings.push_back({"OUTSIDE", "its path leads out of the folder, and is not followed"});
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
