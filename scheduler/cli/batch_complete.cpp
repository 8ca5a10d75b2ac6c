#include "scheduler/cli/batch_complete.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "host/audio_file/audio_file.h"
#include "scheduler/cli/delivery_bag.h"
#include "scheduler/cli/published_text.h"
#include "scheduler/worker/digest.h"

namespace lathe::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using scheduler::TaskState;

constexpr const char* kName = "BatchComplete.json";
constexpr const char* kSchema = "lathe.batch-complete.v1";

std::int64_t count(const scheduler::BatchResult& result, TaskState state) {
  return std::ranges::count(result.tracks, state, &scheduler::TrackOutcome::state);
}

Json file_json(const fs::path& folder, const fs::path& file) {
  return {{"path", file.lexically_relative(folder).string()}, {"sha256", scheduler::file_sha256(file)}};
}

// What the sentinel says, if it is Lathe's; else null.
Json sentinel_of(const fs::path& folder) {
  Json doc = Json::parse(text_of_file(folder / kName), nullptr, false);
  const bool is_own = doc.is_object() && doc.value("schema", Json()) == kSchema;
  return is_own ? doc : Json();
}

void move_sentinel(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return;
  throw AudioFileError(
      AudioFileError::Fault::write_failed, from.parent_path(),
      fmt::format("the folder cannot be written: {} in it cannot be moved ({}). Get the right to write "
                  "there, or choose another output folder",
                  kName, error.message()));
}

// Of the same files by the same engine.
bool says_the_same(const fs::path& earlier, const Json& doc) {
  const Json other = Json::parse(text_of_file(earlier), nullptr, false);
  if (!other.is_object()) return false;
  return std::ranges::all_of(std::initializer_list<const char*>{"engine", "tracks", "manifest", "bag_manifest"},
                             [&](const char* key) { return other.value(key, Json()) == doc.value(key, Json()); });
}

}  // namespace

BatchComplete::BatchComplete(fs::path folder)
    : folder_(std::move(folder)), path_(folder_ / kName), aside_(folder_ / (std::string(".") + kName)) {
  std::error_code error;
  fs::remove(aside_, error);  // of a run that was killed
  if (!fs::exists(fs::symlink_status(path_, error))) return;
  const Json earlier = Json::parse(text_of_file(path_), nullptr, false);
  if (!earlier.is_object() || earlier.value("schema", Json()) != kSchema)
    throw std::invalid_argument(path_.string() +
                                " is no sentinel of Lathe's, and would be taken for one; move it away");
  move_sentinel(path_, aside_);
}

BatchComplete::~BatchComplete() {
  std::error_code error;
  if (!has_begun_ && fs::exists(aside_, error)) {
    fs::rename(aside_, path_, error);
  } else {
    fs::remove(aside_, error);
  }
}

void BatchComplete::remove_from(const fs::path& folder) {
  std::error_code error;
  if (!sentinel_of(folder).is_null()) fs::remove(folder / kName, error);
}

void BatchComplete::remove_unless_of(const fs::path& folder, const fs::path& manifest) {
  const Json earlier = sentinel_of(folder);
  if (!earlier.is_null() && earlier.value("manifest", Json()) != file_json(folder, manifest)) remove_from(folder);
}

bool BatchComplete::is_complete(const scheduler::BatchResult& result, std::size_t problems) {
  const std::int64_t done = count(result, TaskState::kDone) + count(result, TaskState::kUnchanged);
  const auto lies_there = [](const scheduler::TrackOutcome& track) { return masters_lie_there(track, Likeness::size); };
  return problems == 0 && result.left == 0 && result.store_failure.empty() && !result.tracks.empty() &&
         done == std::ssize(result.tracks) && std::ranges::all_of(result.tracks, lies_there);
}

void BatchComplete::write(const scheduler::BatchResult& result, const fs::path& manifest, const std::string& engine) {
  Json doc{{"schema", kSchema},
           {"state", "COMPLETE"},
           {"engine", engine},
           {"tracks", result.tracks.size()},
           {"manifest", file_json(folder_, manifest)}};
  if (is_bag(folder_)) doc["bag_manifest"] = file_json(folder_, folder_ / "tagmanifest-sha256.txt");
  if (count(result, TaskState::kDone) == 0 && says_the_same(aside_, doc)) return move_sentinel(aside_, path_);
  publish_text(folder_, path_, doc.dump(2) + "\n");
}

bool masters_lie_there(const scheduler::TrackOutcome& track, Likeness likeness) {
  const Json result = Json::parse(track.result_json, nullptr, false);
  if (!result.is_object()) return false;
  const Json outputs = result.value("outputs", Json::array());
  return std::ranges::all_of(outputs, [likeness](const Json& output) {
    const fs::path path = output.value("path", "");
    std::error_code error;
    const auto bytes = fs::file_size(path, error);
    if (error || static_cast<std::int64_t>(bytes) != output.value("bytes", std::int64_t{-1})) return false;
    return likeness == Likeness::size || scheduler::file_sha256(path) == output.value("sha256", "");
  });
}

}  // namespace lathe::cli
