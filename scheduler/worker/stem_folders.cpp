#include "scheduler/worker/stem_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "scheduler/worker/listed_mixes.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error);
}

// By folder, in the order of the scan.
using Folders = std::map<fs::path, std::vector<const ScannedTrack*>>;

// Folders that have others below them.
std::set<fs::path> unclear_folders(const Folders& folders) {
  std::set<fs::path> unclear;
  for (const auto& [folder, files] : folders) {
    for (fs::path above = folder.parent_path(); above.has_relative_path(); above = above.parent_path()) {
      if (folders.contains(above)) unclear.insert(above);
    }
  }
  return unclear;
}

ScannedTrack mix_of(const fs::path& folder, const std::vector<const ScannedTrack*>& files, const fs::path& mixdown) {
  const fs::path place = fs::path(files.front()->relative).parent_path();
  ScannedTrack mix;
  mix.input = folder.native();
  mix.relative = place.empty() ? folder.filename().native() : place.native();
  mix.album = folder.parent_path().native();
  mix.stamp = files.front()->stamp;
  auto stems = std::make_shared<StemFolder>();
  stems->mixdown = mixdown.native();
  for (const ScannedTrack* file : files) {
    if (!mixdown.empty() && is_same_file(file->input, mixdown)) continue;
    stems->stems.push_back(file->input);
    stems->roles.emplace_back();
    mix.bytes += file->bytes;
  }
  mix.stems = std::move(stems);
  return mix;
}

// One for all; or empty, and each mix has its own of that name.
fs::path common_mixdown(const fs::path& named, const Folders& folders) {
  if (named.empty()) return {};
  const fs::path path = fs::absolute(named).lexically_normal();
  const bool is_name = !named.has_parent_path();
  const bool is_in_folders =
      is_name && std::ranges::any_of(folders, [&named](const auto& folder) { return is_file(folder.first / named); });
  if (is_in_folders) return {};
  if (!is_file(path)) {
    throw RefusedInput(fmt::format("--mixdown {}: there is no such file{}", named.string(),
                                   is_name ? ", neither here nor in a folder of stems" : ""));
  }
  if (folders.size() > 1) {
    throw RefusedInput(
        fmt::format("--mixdown {} is one file, and there are {} folders of stems; put each mix's mixdown beside its "
                    "stems, under one name, and give that name alone",
                    named.string(), folders.size()));
  }
  return path;
}

}  // namespace

Scan stem_mixes(Scan scan, const fs::path& mixdown) {
  std::vector<ScannedTrack> mixes = take_listed_mixes(scan);
  if (!mixes.empty() && !mixdown.empty())
    throw RefusedInput("--mixdown is for folders of stems; in a manifest it is the row with the role mixdown");
  // It may lie above the stems' folder, among the inputs.
  std::size_t found = 0;
  if (!mixdown.empty()) {
    found = std::erase_if(scan.tracks,
                          [&mixdown](const ScannedTrack& track) { return is_same_file(track.input, mixdown); });
  }
  if (found > 0 && scan.tracks.empty() && scan.problems.empty()) {
    scan.problems.push_back({mixdown, "there are no stems beside this mixdown, nor in folders below it"});
    return scan;
  }
  Folders folders;
  for (const ScannedTrack& track : scan.tracks) folders[fs::path(track.input).parent_path()].push_back(&track);
  const fs::path common = common_mixdown(mixdown, folders);
  const std::set<fs::path> unclear = unclear_folders(folders);
  for (const auto& [folder, files] : folders) {
    if (unclear.contains(folder)) {
      scan.problems.push_back(
          {folder,
           "holds audio files itself and in folders below it: which of them are this mix's stems is not clear. "
           "Name the folder that holds the stems alone"});
      continue;
    }
    const fs::path own = mixdown.empty() ? fs::path() : !common.empty() ? common : folder / mixdown;
    if (!own.empty() && !is_file(own)) {
      scan.problems.push_back({folder, "its mixdown " + own.string() + " is not there (--mixdown)"});
      continue;
    }
    ScannedTrack mix = mix_of(folder, files, own);
    if (mix.stems->stems.empty()) {
      scan.problems.push_back({folder, "holds no stems beside the mixdown " + own.string()});
      continue;
    }
    mixes.push_back(std::move(mix));
  }
  scan.tracks = std::move(mixes);
  return scan;
}

const std::string& first_file(const ScannedTrack& track) {
  return track.stems ? track.stems->stems.front() : track.input;
}

}  // namespace lathe::scheduler
