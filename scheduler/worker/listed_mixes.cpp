#include "scheduler/worker/listed_mixes.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "host/manifest/row_tags.h"
#include "scheduler/worker/listed_tracks.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMixdown = "mixdown";

struct ListedMix {
  const Manifest* manifest = nullptr;
  std::string name;
  std::vector<ScannedTrack> rows;
};

RecipeProblem wrong_row(const ListedMix& mix, const ScannedTrack& row, std::string message) {
  return {mix.manifest->file, row.row->line, 1, std::move(message)};
}

bool is_place(const fs::path& name) {
  return name.is_relative() && name.has_filename() &&
         std::ranges::none_of(name, [](const fs::path& part) { return part == "." || part == ".."; });
}

std::vector<ListedMix> listed_mixes(std::vector<ScannedTrack> rows) {
  std::vector<ListedMix> mixes;
  std::map<std::pair<const Manifest*, std::string>, std::size_t> places;
  for (ScannedTrack& row : rows) {
    std::string name = row.row->mix.empty() ? fs::path(row.manifest->file).stem().native() : row.row->mix;
    const auto [place, is_new] = places.try_emplace({row.manifest, name}, mixes.size());
    if (is_new) mixes.push_back({row.manifest, std::move(name), {}});
    mixes[place->second].rows.push_back(std::move(row));
  }
  return mixes;
}

std::string path_of(const ListedMix& mix) {
  const fs::path folder = fs::absolute(mix.manifest->file).lexically_normal().parent_path();
  return (folder / mix.name).native();
}

// What all rows of a mix say of it.
class MixRow {
 public:
  MixRow(const ListedMix& mix, std::vector<RecipeProblem>& wrong) : mix_(mix), wrong_(wrong) {}

  ManifestRow merged() {
    for (const ScannedTrack& track : mix_.rows) take(track);
    // Mistakes in what it says are mistakes of the row that says it.
    row_.line = mix_.rows.front().row->line;
    for (const char* column : {"upc", "isrc"})
      if (const auto said = first_.find(column); said != first_.end()) row_.line = said->second;
    row_.path = path_of(mix_);
    return std::move(row_);
  }

 private:
  void take(const ScannedTrack& track) {
    const ManifestRow& own = *track.row;
    if (own.contiguous) wrong_.push_back(wrong_row(mix_, track, "contiguous is for tracks, and this row is a stem"));
    for (const std::string& damage : own.damage) wrong_.push_back(wrong_row(mix_, track, damage));
    if (!own.album.empty()) agree("album", own.album, track, row_.album);
    for (const auto& [column, value] : own.tags) agree(column, value, track, row_.tags[column]);
  }

  void agree(const std::string& column, const std::string& value, const ScannedTrack& track, std::string& all) {
    const auto [first, is_new] = first_.try_emplace(column, track.row->line);
    if (is_new) all = value;
    if (all == value) return;
    wrong_.push_back(wrong_row(mix_, track,
                               fmt::format("the {} of the mix '{}' is '{}' here, and '{}' on line {}: a mix has one",
                                           column, mix_.name, value, all, first->second)));
  }

  const ListedMix& mix_;
  std::vector<RecipeProblem>& wrong_;
  ManifestRow row_;
  std::map<std::string, int> first_;  // line of a column's value
};

ScannedTrack mix_of(const ListedMix& listed, ManifestRow row, std::vector<RecipeProblem>& wrong) {
  ScannedTrack mix;
  mix.input = path_of(listed);
  mix.relative = listed.name;
  mix.album = row.album.empty() ? fs::path(mix.input).parent_path().native() : row.album;
  mix.stamp = listed.rows.front().stamp;
  auto stems = std::make_shared<StemFolder>();
  for (const ScannedTrack& track : listed.rows) {
    if (::strcasecmp(track.row->role.c_str(), kMixdown) != 0) {
      stems->stems.push_back(track.input);
      stems->roles.push_back(track.row->role);
      mix.bytes += track.bytes;
    } else if (stems->mixdown.empty()) {
      stems->mixdown = track.input;
    } else {
      wrong.push_back(wrong_row(listed, track, fmt::format("the mix '{}' has a mixdown already", listed.name)));
    }
  }
  stems->row = std::move(row);
  mix.manifest = listed.manifest;
  mix.row = &stems->row;
  mix.stems = std::move(stems);
  return mix;
}

// A folder that was named too is a mix of what no list has taken from it.
void warn_of_shared_folders(const std::vector<ScannedTrack>& mixes, Scan& scan) {
  std::set<fs::path> folders;
  for (const ScannedTrack& track : scan.tracks) folders.insert(fs::path(track.input).parent_path());
  std::set<fs::path> said;
  for (const ScannedTrack& mix : mixes) {
    for (const std::string& stem : mix.stems->stems) {
      const fs::path folder = fs::path(stem).parent_path();
      if (!folders.contains(folder) || !said.insert(folder).second) continue;
      scan.warnings.push_back(fmt::format("{}: {} names stems in it, and the mix of this folder goes without them",
                                          folder.string(), mix.manifest->file));
    }
  }
}

}  // namespace

std::vector<ScannedTrack> take_listed_mixes(Scan& scan) {
  const auto listed = std::stable_partition(scan.tracks.begin(), scan.tracks.end(),
                                            [](const ScannedTrack& track) { return track.row == nullptr; });
  std::vector<ScannedTrack> rows(std::make_move_iterator(listed), std::make_move_iterator(scan.tracks.end()));
  scan.tracks.erase(listed, scan.tracks.end());
  std::vector<RecipeProblem> wrong;
  std::vector<ScannedTrack> mixes;
  std::map<const Manifest*, Manifest> merged;  // a row for each mix
  for (const ListedMix& mix : listed_mixes(std::move(rows))) {
    if (!is_place(mix.name)) {
      wrong.push_back(wrong_row(mix, mix.rows.front(),
                                fmt::format("'{}' is no name for a mix, whose master is called by it: no '/' at its "
                                            "beginning or end, and no '.' or '..'",
                                            mix.name)));
      continue;
    }
    ManifestRow row = MixRow(mix, wrong).merged();
    merged[mix.manifest].rows.push_back(row);
    ScannedTrack track = mix_of(mix, std::move(row), wrong);
    const auto missing = std::ranges::find_if(mix.rows, is_missing);
    if (missing != mix.rows.end()) {
      scan.problems.push_back({track.input, "not mixed, for a file of it is not there: " + missing_text(*missing)});
    } else if (track.stems->stems.empty()) {
      scan.problems.push_back({track.input, "has no stems beside its mixdown"});
    } else {
      mixes.push_back(std::move(track));
    }
  }
  for (auto& [manifest, of_mixes] : merged) {
    of_mixes.file = manifest->file;
    std::ranges::move(delivery_problems(of_mixes), std::back_inserter(wrong));
  }
  if (!wrong.empty()) throw RecipeErrors(std::move(wrong));
  warn_of_shared_folders(mixes, scan);
  return mixes;
}

}  // namespace lathe::scheduler
