#include "scheduler/cli/master_albums.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "host/report/audit_text.h"
#include "host/report/ladder_json.h"
#include "host/report/track_json.h"
#include "scheduler/worker/album_order.h"

namespace lathe::cli {
namespace {

using Json = nlohmann::ordered_json;

double level(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->get<double>() : -std::numeric_limits<double>::infinity();
}

// A track as its result or the manifest has it; named by its first master, or, where it has no file of its own, by what
// it was made of.
LadderTrack ladder_track(const Json& track) {
  LadderTrack entry;
  entry.path = track.value("input", "");
  entry.channels = track.value("channels", 0);
  for (const Json& output : track.value("outputs", Json::array())) {
    if (output.contains("per")) continue;  // its side's file
    entry.path = output.value("path", "");
    entry.channels = output.value("channels", 0);
    break;
  }
  const Json after = track.value("after", Json());
  if (!after.is_object() || after.value("state", "") != "MEASURED") {
    entry.reason = after.is_object() ? after.value("reason", "") : "not mastered";
    return entry;
  }
  entry.is_measured = true;
  entry.figures = ladder_figures(
      {level(after, "integrated_lufs"), level(after, "loudness_range_lu"), level(after, "max_momentary_lufs"),
       level(after, "max_short_term_lufs"), level(after, "true_peak_dbtp"), level(after, "sample_peak_dbfs")},
      octaves_from_json(after.value("octaves", Json())));
  return entry;
}

struct PlacedTrack {
  scheduler::AlbumPlace place;
  bool is_listed = false;  // by a manifest, whose order counts:
  int line = 0;            // its row's, in lathe-manifest.json
  LadderTrack ladder;
};

// `track` as its result or lathe-manifest.json has it.
PlacedTrack placed_track(const Json& track) {
  Tags tags;
  const Json said = track.value("tags", Json::object());
  for (const auto& [column, tag] : {std::pair("disc", "DISCNUMBER"), {"side", "SIDE"}, {"track", "TRACKNUMBER"}})
    if (said.contains(column) && said[column].is_string())
      tags.fields.emplace_back(tag, said[column].get<std::string>());
  scheduler::ScannedTrack scanned;
  scanned.input = track.value("input", "");
  return {scheduler::place_of(scanned, tags), track.contains("row") || track.contains("list_line"),
          track.value("list_line", 0), ladder_track(track)};
}

PlacedTrack placed_track(const scheduler::TrackOutcome& outcome) {
  if (!outcome.result_json.empty()) return placed_track(Json::parse(outcome.result_json));
  PlacedTrack track;
  track.ladder.path = outcome.input.string();
  track.ladder.reason = outcome.reason.empty() ? "not mastered" : outcome.reason;
  return track;
}

// In the album's order: by disc, side and number where every track has a place of its own, else as they come.
AlbumLadder ladder_in_order(std::vector<PlacedTrack> tracks) {
  std::set<scheduler::AlbumPlace> places;
  const bool have_places = std::ranges::all_of(tracks, [&places](const PlacedTrack& track) {
    return !track.is_listed && track.place.number > 0 && places.insert(track.place).second;
  });
  if (have_places) std::ranges::sort(tracks, {}, &PlacedTrack::place);
  if (std::ranges::all_of(tracks, &PlacedTrack::is_listed)) std::ranges::stable_sort(tracks, {}, &PlacedTrack::line);
  std::vector<LadderTrack> ladder;
  for (PlacedTrack& track : tracks) ladder.push_back(std::move(track.ladder));
  return ladder_of(std::move(ladder));
}

std::string album_path(const scheduler::TrackOutcome& track) {
  return json_text(track.album.empty() ? track.input.parent_path() : std::filesystem::path(track.album));
}

}  // namespace

std::map<std::string, AlbumLadder> album_ladders(const scheduler::BatchResult& result) {
  std::map<std::string, std::vector<PlacedTrack>> albums;
  for (const scheduler::TrackOutcome& track : result.tracks) albums[album_path(track)].push_back(placed_track(track));
  std::map<std::string, AlbumLadder> ladders;
  for (auto& [path, tracks] : albums) ladders.emplace(path, ladder_in_order(std::move(tracks)));
  return ladders;
}

// One album's loudness may come in several parts (its sides, say), and so may its runs of joined tracks.
Json albums_json(const scheduler::BatchResult& result) {
  std::map<std::string, Json> albums;
  const auto album_at = [&albums](const std::string& path) -> Json& {
    return albums.try_emplace(path, Json{{"path", path}, {"tracks", 0}}).first->second;
  };
  for (const auto& track : result.tracks) {
    Json& album = album_at(json_text(track.input.parent_path()));
    album["tracks"] = album["tracks"].get<int>() + 1;
  }
  for (const std::string& text : result.albums) {
    const Json part = Json::parse(text);
    Json& album = album_at(part["path"].get<std::string>());
    for (const char* key : {"loudness", "runs"}) {
      for (const Json& one : part[key]) album[key].push_back(one);
    }
    if (album["tracks"] == 0) album["tracks"] = part["tracks"];  // a manifest's album, which is no folder
  }
  std::map<std::string, int> counts;
  for (const auto& track : result.tracks) ++counts[album_path(track)];
  for (const auto& [path, ladder] : album_ladders(result)) {
    Json& album = album_at(path);
    if (album["tracks"] == 0) album["tracks"] = counts[path];
    album["consistency"] = ladder_json(ladder);
  }
  Json list = Json::array();
  for (auto& [path, album] : albums) list.push_back(std::move(album));
  return list;
}

Json manifest_albums(const Json& tracks) {
  std::map<std::string, std::vector<PlacedTrack>> albums;
  for (const Json& track : tracks) {
    PlacedTrack entry = placed_track(track);
    const std::string folder = std::filesystem::path(entry.ladder.path).parent_path().string();
    albums[folder.empty() ? "." : folder].push_back(std::move(entry));
  }
  Json list = Json::array();
  for (auto& [path, entries] : albums) {
    const std::size_t count = entries.size();
    list.push_back(
        {{"path", path}, {"tracks", count}, {"consistency", ladder_json(ladder_in_order(std::move(entries)))}});
  }
  return list;
}

std::vector<std::string> consistency_lines(const scheduler::BatchResult& result) {
  std::map<std::string, AlbumLadder> compared = album_ladders(result);
  std::erase_if(compared, [](const auto& album) { return album.second.state != LadderState::compared; });
  if (compared.empty()) return {};
  if (compared.size() == 1) {
    const AlbumLadder& ladder = compared.begin()->second;
    std::vector<std::string> lines{"consistency: " + ladder_summary(ladder)};
    for (const LadderOutlier& outlier : ladder.outliers) lines.push_back("  " + visible_text(outlier.message));
    return lines;
  }
  const auto odd = std::ranges::count_if(compared, [](const auto& album) { return !album.second.outliers.empty(); });
  if (odd == 0) return {fmt::format("consistency: of {} albums none has a track that stands out", compared.size())};
  return {fmt::format("consistency: of {} albums {} {} tracks that stand out; --json says which", compared.size(), odd,
                      odd == 1 ? "has" : "have")};
}

}  // namespace lathe::cli
