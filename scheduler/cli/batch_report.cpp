#include "scheduler/cli/batch_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "host/audio_file/audio_file.h"
#include "host/report/track_json.h"
#include "scheduler/cli/master_albums.h"
#include "scheduler/cli/published_text.h"
#include "scheduler/worker/scan.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {
namespace {

using Json = nlohmann::ordered_json;
using scheduler::TaskState;

constexpr const char* kManifestName = "lathe-manifest.json";
constexpr const char* kManifestSchema = "lathe.manifest.v1";

bool has_no_result(TaskState state) { return state == TaskState::kFailed || state == TaskState::kQuarantined; }

// A track without a result still has every key that readers look for.
Json failed_track(const std::filesystem::path& input, const std::string& code, const std::string& reason) {
  return {{"input", json_text(input)}, {"state", "FAILED"},      {"reason_code", code}, {"reason", reason},
          {"outputs", Json::array()},  {"before", nullptr},      {"after", nullptr},    {"asked", nullptr},
          {"reached", nullptr},        {"stages", Json::array()}};
}

Json track_of(const scheduler::TrackOutcome& outcome) {
  const std::string state(to_string(outcome.state));
  if (outcome.result_json.empty()) {
    Json track = failed_track(outcome.input, outcome.reason_code, outcome.reason);
    if (outcome.first_frame > 0) track["part"] = {{"first_frame", outcome.first_frame}};
    track["state"] = state;
    return track;
  }
  Json result = Json::parse(outcome.result_json);
  Json track{{"input", result["input"]}, {"state", state}};
  for (const auto& [key, value] : result.items()) {
    if (key != "input") track[key] = value;
  }
  return track;
}

std::string relative_text(const std::string& path, const std::filesystem::path& out_dir) {
  return std::filesystem::path(path).lexically_relative(out_dir).string();
}

// Where an earlier manifest's track is not what is read of it below; empty: it is.
std::string damage_of(const Json& track) {
  const auto is_text = [](const Json& object, const char* key) {
    return object.is_object() && object.contains(key) && object[key].is_string();
  };
  if (!is_text(track, "input") || !is_text(track, "recipe_sha256")) return "its input or recipe_sha256";
  if (!track.contains("outputs") || !track["outputs"].is_array()) return "its outputs";
  for (const Json& output : track["outputs"]) {
    if (!is_text(output, "path")) return "an output's path";
    for (const Json& place : output.value("tracks", Json::array()))
      if (!is_text(place, "input")) return "the tracks of a side";
  }
  return {};
}

// What an earlier run into the same folder wrote down; empty when there is none. Throws when the file is not a
// manifest.
Json earlier_manifest(const std::filesystem::path& path) {
  const auto refuse = [&path](const std::string& why) {
    throw AudioFileError(AudioFileError::Fault::write_failed, path, why + "; move it away");
  };
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Json::object();
  if (!std::filesystem::is_regular_file(path, error)) refuse("exists and is no file");
  const Json doc = Json::parse(text_of_file(path), nullptr, false);
  if (!doc.is_object() || doc.value("schema", Json()) != kManifestSchema)
    refuse("exists and is no manifest of Lathe's");
  const Json tracks = doc.value("tracks", Json::array());
  if (!tracks.is_array() || !doc.value("recipes", Json::object()).is_object())
    refuse("is damaged: tracks is no list, or recipes no object");
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    if (const std::string damage = damage_of(tracks[i]); !damage.empty())
      refuse(fmt::format("is damaged: {} of tracks[{}] cannot be read", damage, i));
  }
  return doc;
}

// What the manifest says of a track. The same masters give the same bytes, wherever and however fast they were made.
Json manifest_track(const std::string& result_json, const std::filesystem::path& out_dir,
                    const std::string& recipe_sha256, const std::string& engine) {
  Json track = Json::parse(result_json);
  const std::string backend = track.value("backend", "");
  // The list that a track stands in may lie anywhere; its line there says the order.
  const std::string row = track.value("row", "");
  if (const std::size_t colon = row.rfind(':'); colon != row.npos)
    track["list_line"] = std::atoi(row.c_str() + colon + 1);
  for (const char* key : {"engine", "device", "busy", "row"}) track.erase(key);
  track["backend"] = backend.substr(0, backend.find('/'));
  for (Json& stage : track["stages"]) {
    stage.erase("cost_s_per_audio_s");
    stage.erase("repairs_at");  // up to a thousand: the report has them
  }
  for (Json& output : track["outputs"]) output["path"] = relative_text(output["path"].get<std::string>(), out_dir);
  if (!track.contains("recipe_sha256")) track["recipe_sha256"] = recipe_sha256;  // of an earlier version's worker
  track["engine"] = engine;
  return track;
}

std::string path_of(const Json& output) { return output.at("path").get<std::string>(); }

// A track's source: its file, and the part of it.
std::string source_of(const Json& track) {
  return track.value("input", "") + "\n" + track.value("part", Json()).dump();
}

// By it a track has its place in the manifest: its first output, or the source of one that is in its side's file.
std::string key_of(const Json& track) {
  const Json& outputs = track.at("outputs");
  return outputs.empty() ? source_of(track) : path_of(outputs.at(0));
}

// What an earlier run into the folder said of its tracks, and is still so.
class EarlierTracks {
 public:
  // `now`: those of this run.
  EarlierTracks(const std::filesystem::path& out_dir, const std::map<std::string, Json>& now) : out_dir_(out_dir) {
    for (const auto& [key, track] : now) {
      sources_.insert(source_of(track));
      for (const Json& output : track.at("outputs")) written_.insert(path_of(output));
    }
  }

  void add_to(std::map<std::string, Json>& tracks, const Json& earlier) {
    std::vector<Json> without_files;  // in the files of their sides
    for (Json track : earlier) {
      if (track.at("outputs").empty()) {
        without_files.push_back(std::move(track));
      } else if (keep_files(track)) {
        std::string key = key_of(track);  // before the track goes
        tracks.emplace(std::move(key), std::move(track));
      }
    }
    for (Json& track : without_files) {
      if (!on_sides_.contains(track.value("input", "")) || sources_.contains(source_of(track))) continue;
      std::string key = key_of(track);
      tracks.emplace(std::move(key), std::move(track));
    }
  }

 private:
  // Its files that lie there and are not this run's. False: none is left.
  bool keep_files(Json& track) {
    Json left = Json::array();
    for (const Json& output : track.at("outputs")) {
      if (written_.contains(path_of(output)) || !std::filesystem::exists(out_dir_ / path_of(output))) continue;
      left.push_back(output);
      if (!output.contains("per")) continue;
      for (const Json& place : output.value("tracks", Json::array())) on_sides_.insert(place.value("input", ""));
    }
    track["outputs"] = std::move(left);
    return !track["outputs"].empty();
  }

  const std::filesystem::path& out_dir_;
  std::set<std::string> written_, sources_;  // by this run
  std::set<std::string> on_sides_;           // inputs in files that are kept
};

}  // namespace

BatchEngine engine_of(const scheduler::BackendChoice& backend) {
  return {scheduler::engine_name(), scheduler::backend_name(backend), backend.reason, scheduler::device_name(backend)};
}

int failed_count(const scheduler::BatchResult& result, const std::vector<scheduler::ScanProblem>& problems) {
  const auto failed =
      std::count_if(result.tracks.begin(), result.tracks.end(), [](const auto& t) { return has_no_result(t.state); });
  return static_cast<int>(failed) + static_cast<int>(problems.size());
}

Json batch_report(const scheduler::BatchResult& result, const std::vector<scheduler::ScanProblem>& problems,
                  const std::string& recipe_sha256, const BatchEngine& engine) {
  Json doc{{"schema", "lathe.master.v1"},
           {"engine", engine.engine},
           {"backend", engine.backend},
           {"backend_reason", engine.backend_reason}};
  if (!engine.device.empty()) doc["device"] = engine.device;
  if (!result.gpu_failure.empty()) doc["gpu_failure"] = result.gpu_failure;
  doc["recipe_sha256"] = recipe_sha256;
  if (!result.warnings.empty()) doc["warnings"] = result.warnings;
  doc["tracks"] = Json::array();
  int done = 0, unchanged = 0;
  for (const auto& outcome : result.tracks) {
    done += outcome.state == TaskState::kDone;
    unchanged += outcome.state == TaskState::kUnchanged;
    doc["tracks"].push_back(track_of(outcome));
  }
  for (const auto& problem : problems)
    doc["tracks"].push_back(failed_track(problem.path, "UNREADABLE", json_text(problem.path) + ": " + problem.reason));
  doc["albums"] = albums_json(result);
  doc["summary"] = {{"tracks", result.tracks.size() + problems.size()},
                    {"done", done},
                    {"unchanged", unchanged},
                    {"failed", failed_count(result, problems)},
                    {"left", result.left},
                    {"audio_s", result.audio_s},
                    {"wall_s", result.wall_s},
                    {"realtime_factor", result.wall_s > 0 ? result.audio_s / result.wall_s : 0.0},
                    {"busy", busy_json(result.busy)}};
  return doc;
}

void check_manifest(const std::filesystem::path& out_dir) {
  try {
    manifest_albums(earlier_manifest(out_dir / kManifestName).value("tracks", Json::array()));
  } catch (const AudioFileError& error) {
    throw scheduler::RefusedInput(error.what());
  } catch (const Json::exception& damage) {
    throw scheduler::RefusedInput((out_dir / kManifestName).string() + ": is damaged: " + damage.what() +
                                  "; move it away");
  }
}

void write_manifest(const std::filesystem::path& out_dir, const scheduler::BatchResult& result,
                    const EffectiveRecipe& recipe, const std::string& engine) {
  const std::filesystem::path path = out_dir / kManifestName;
  const auto any = [](const scheduler::TrackOutcome& outcome) { return !outcome.result_json.empty(); };
  if (std::none_of(result.tracks.begin(), result.tracks.end(), any)) return;
  const Json earlier = earlier_manifest(path);
  const Json earlier_recipes = earlier.value("recipes", Json::object());
  std::map<std::string, Json> tracks;  // by key_of()
  std::map<std::string, Json> own;     // recipes of tracks that the recipe's overrides are of
  for (const auto& outcome : result.tracks) {
    if (!any(outcome)) continue;
    Json track = manifest_track(outcome.result_json, out_dir, recipe.sha256, engine);
    if (track.contains("recipe")) own[track["recipe_sha256"].get<std::string>()] = track["recipe"];
    track.erase("recipe");
    std::string key = key_of(track);  // before the track goes
    tracks[std::move(key)] = std::move(track);
  }
  EarlierTracks(out_dir, tracks).add_to(tracks, earlier.value("tracks", Json::array()));
  Json recipes = Json::object();
  Json doc{{"schema", kManifestSchema}};
  doc["tracks"] = Json::array();
  for (auto& [key, track] : tracks) {
    const std::string sha256 = track["recipe_sha256"].get<std::string>();
    if (sha256 == recipe.sha256) {
      recipes[sha256] = Json::parse(recipe.canonical_json);
    } else {
      recipes[sha256] = own.contains(sha256) ? own[sha256] : earlier_recipes.value(sha256, Json::object());
    }
    doc["tracks"].push_back(std::move(track));
  }
  doc["albums"] = manifest_albums(doc["tracks"]);
  doc["recipes"] = std::move(recipes);
  const std::string text = doc.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  publish_text(out_dir, path, text);
}

}  // namespace lathe::cli
