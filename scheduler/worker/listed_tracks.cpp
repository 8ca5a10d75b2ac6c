#include "scheduler/worker/listed_tracks.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "host/manifest/row_tags.h"
#include "host/report/track_json.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/track_source.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// The deepest folder that holds all tracks of a manifest.
fs::path common_folder(const Manifest& manifest) {
  fs::path common = fs::path(manifest.rows.front().path).parent_path();
  for (const ManifestRow& row : manifest.rows) {
    while (!row.path.starts_with(common.native() == "/" ? "/" : common.native() + "/")) common = common.parent_path();
  }
  return common;
}

// By manifest and row, the place of its master without the extension.
std::string place_of(const ScannedTrack& track, const std::map<const Manifest*, fs::path>& folders) {
  if (track.manifest == nullptr || track.manifest->is_cue_sheet) return track.relative;
  fs::path place = fs::path(track.input).lexically_relative(folders.at(track.manifest));
  return place.replace_extension().native();
}

}  // namespace

bool is_missing(const ScannedTrack& track) { return track.stamp.inode == 0 && track.bytes == 0; }

std::string missing_text(const ScannedTrack& track) {
  const std::string name = json_text(track.input);
  if (track.row == nullptr) return name + ": no such file";
  return fmt::format("{}: no such file; {}:{} names it", name, json_text(track.manifest->file), track.row->line);
}

void place_manifest_tracks(Scan& scan, const fs::path& out_dir) {
  std::vector<RecipeProblem> wrong;
  std::map<const Manifest*, fs::path> folders;
  for (const auto& manifest : scan.manifests) {
    if (!manifest->rows.empty()) folders[manifest.get()] = common_folder(*manifest);
    std::ranges::move(delivery_problems(*manifest), std::back_inserter(wrong));
    for (const ManifestRow& row : manifest->rows) {
      if (!row.mix.empty() || !row.role.empty())
        wrong.push_back(
            {manifest->file, row.line, 1, "mix and role are of stems, which are mastered as one track: say --stems"});
    }
  }
  if (!wrong.empty()) throw RecipeErrors(std::move(wrong));
  const std::string out_prefix = out_dir.native() + "/";
  for (ScannedTrack& track : scan.tracks) {
    track.relative = place_of(track, folders);
    if (track.row != nullptr && track.input.starts_with(out_prefix))
      throw RefusedInput(
          fmt::format("{}:{}: {} lies in the output folder {}: the next run would take masters for "
                      "tracks. Choose another --out",
                      track.manifest->file, track.row->line, track.input, out_dir.string()));
  }
}

TrackProblems master_problems(const std::vector<ScannedTrack>& tracks, const RecipeSource& recipe,
                              const fs::path& out_dir) {
  TrackProblems problems;
  for (auto& [key, text] : name_clashes(tracks, recipe, out_dir)) problems[key] = {"OUTPUT_TAKEN", std::move(text)};
  for (const ScannedTrack& track : tracks) {
    if (track.row != nullptr && is_missing(track)) problems[track_key(track)] = {"NOT_FOUND", missing_text(track)};
  }
  return problems;
}

}  // namespace lathe::scheduler
