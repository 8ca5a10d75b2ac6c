#include "host/report/ladder_json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/report/track_json.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

// A hundredth of a dB is less than any of these figures is worth.
Json hundredth(float value) { return json_number(std::round(static_cast<double>(value) * 100) / 100); }

Json list_json(const std::array<float, kOctaves>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(hundredth(value));
  return list;
}

Json edges_json() {
  Json edges = Json::array();
  for (int octave = 0; octave <= kOctaves; ++octave) edges.push_back(octave_edge_hz(octave));
  return edges;
}

Json figures_json(const LadderFigures& f) {
  return {
      {"integrated_lufs", hundredth(f.integrated_lufs)},         {"loudness_range_lu", hundredth(f.loudness_range_lu)},
      {"max_short_term_lufs", hundredth(f.max_short_term_lufs)}, {"true_peak_dbtp", hundredth(f.true_peak_dbtp)},
      {"peak_to_loudness_db", hundredth(f.peak_to_loudness_db)}, {"width_db", hundredth(f.octaves.width_db)},
      {"balance_db", hundredth(f.octaves.balance_db)},           {"octave_level_db", list_json(f.octaves.level_db)},
      {"octave_width_db", list_json(f.octaves.octave_width_db)}};
}

const char* state_word(LadderState state) {
  switch (state) {
    case LadderState::compared:
      return "COMPARED";
    case LadderState::too_few:
      return "TOO_FEW";
    case LadderState::too_many:
      break;
  }
  return "TOO_MANY";
}

Json track_entry(const LadderTrack& track, std::size_t place, const LadderFigures& middle) {
  return {{"track", place + 1},
          {"path", json_text(track.path)},
          {"state", track.is_measured ? "MEASURED" : "UNMEASURABLE"},
          {"reason", json_text(track.reason)},
          {"channels", track.channels},
          {"figures", figures_json(track.figures)},
          {"distance", figures_json(distance_of(track.figures, middle))}};
}

Json outlier_json(const LadderOutlier& outlier, const AlbumLadder& ladder) {
  Json json{{"track", outlier.track + 1},
            {"path", json_text(ladder.tracks[outlier.track].path)},
            {"figure", outlier.figure},
            {"distance", hundredth(static_cast<float>(outlier.distance))}};
  if (outlier.from_hz) json["from_hz"] = *outlier.from_hz;
  if (outlier.to_hz) json["to_hz"] = *outlier.to_hz;
  json["message"] = json_text(outlier.message);
  return json;
}

float float_of(const Json& json) {
  return json.is_number() ? json.get<float>() : std::numeric_limits<float>::quiet_NaN();
}

bool take_list(const Json& json, const char* key, std::array<float, kOctaves>& values) {
  const auto list = json.find(key);
  if (list == json.end() || !list->is_array() || list->size() != values.size()) return false;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = float_of((*list)[i]);
  return true;
}

}  // namespace

Json ladder_json(const AlbumLadder& ladder) {
  Json json{{"state", state_word(ladder.state)},
            {"reason", ladder.reason},
            {"summary", ladder_summary(ladder)},
            {"octave_edges_hz", edges_json()},
            {"middle", figures_json(ladder.middle)},
            {"tracks", Json::array()},
            {"outliers", Json::array()}};
  for (std::size_t i = 0; i < ladder.tracks.size(); ++i)
    json["tracks"].push_back(track_entry(ladder.tracks[i], i, ladder.middle));
  for (const LadderOutlier& outlier : ladder.outliers) json["outliers"].push_back(outlier_json(outlier, ladder));
  return json;
}

Json octaves_json(const OctaveFigures& octaves) {
  return {{"edges_hz", edges_json()},
          {"level_db", list_json(octaves.level_db)},
          {"octave_width_db", list_json(octaves.octave_width_db)},
          {"width_db", hundredth(octaves.width_db)},
          {"balance_db", hundredth(octaves.balance_db)}};
}

std::optional<OctaveFigures> octaves_from_json(const Json& json) {
  OctaveFigures octaves;
  if (!json.is_object() || !take_list(json, "level_db", octaves.level_db) ||
      !take_list(json, "octave_width_db", octaves.octave_width_db))
    return std::nullopt;
  octaves.width_db = float_of(json.value("width_db", Json()));
  octaves.balance_db = float_of(json.value("balance_db", Json()));
  return octaves;
}

}  // namespace lathe
