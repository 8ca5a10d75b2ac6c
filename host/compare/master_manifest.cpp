#include "host/compare/master_manifest.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace lathe {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kSchema = "lathe.manifest.v1";
constexpr int kDeepest = 16;  // copying goes as deep as the document

// Drops what nobody asks for here while it is read: a loudness curve alone is larger than all else of a track.
bool keep(int depth, Json::parse_event_t event, Json& parsed) {
  if (depth > kDeepest) throw ManifestProblem("is nested too deeply for a manifest");
  if (event != Json::parse_event_t::key) return true;
  const std::string& key = parsed.get_ref<const std::string&>();
  const bool is_of_track_or_stem = depth == 3 || depth == 5, is_of_document = depth == 1;
  if (is_of_document) return key == "schema" || key == "tracks";
  return !is_of_track_or_stem || (key != "stages" && key != "faults" && key != "notes");
}

class Entries {
 public:
  explicit Entries(std::string where) : where_(std::move(where)) {}

  const Json& of(const Json& object, const char* key, const char* kind, bool (Json::*is_kind)() const noexcept) const {
    const auto found = object.find(key);
    if (found == object.end()) fail(fmt::format("has no {}", key));
    if (!((*found).*is_kind)()) fail(fmt::format("{} is no {}", key, kind));
    return *found;
  }
  std::string text(const Json& object, const char* key) const {
    return of(object, key, "text", &Json::is_string).get<std::string>();
  }
  std::int64_t whole(const Json& object, const char* key) const {
    const Json& value = of(object, key, "whole number", &Json::is_number_integer);
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > (std::uint64_t{1} << 62))
      fail("is beyond all sizes");
    const auto number = value.get<std::int64_t>();
    if (number < 0) fail(fmt::format("{} is below 0", key));
    return number;
  }
  int small(const Json& object, const char* key) const {
    const std::int64_t number = whole(object, key);
    if (number > 1'000'000) fail(fmt::format("{} is {}", key, number));
    return static_cast<int>(number);
  }
  [[noreturn]] void fail(const std::string& what) const { throw ManifestProblem(where_ + " " + what); }

 private:
  std::string where_;
};

std::optional<double> figure(const Json& measured, const char* key) {
  const auto found = measured.find(key);
  return found != measured.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

MasterEntry entry_of(const Json& output, const std::string& where) {
  const Entries entries(where);
  if (!output.is_object()) entries.fail("is no object");
  MasterEntry entry;
  entry.path = entries.text(output, "path");
  if (entry.path.empty()) entries.fail("has an empty path");
  entry.id = output.value("id", Json()).is_string() ? output.at("id").get<std::string>() : "";
  entry.format = entries.text(output, "format");
  entry.frames = entries.whole(output, "frames");
  entry.sample_rate_hz = entries.small(output, "sample_rate_hz");
  entry.channels = entries.small(output, "channels");
  const Json bits = output.value("bits", Json());
  if (!bits.is_string() && !bits.is_number_integer()) entries.fail("has no bits");
  entry.bits = bits.is_string() ? bits.get<std::string>() : bits.dump();
  entry.bytes = entries.whole(output, "bytes");
  entry.sha256 = entries.text(output, "sha256");
  if (entry.sha256.size() != 64) entries.fail("has a sha256 that is none");
  entry.is_of_side = output.value("per", Json()) == "side";
  entry.is_partial = output.contains("preview") || output.contains("stem") || output.contains("without");
  if (output.contains("pcm_md5")) entry.pcm_md5 = entries.text(output, "pcm_md5");
  if (const auto after = output.find("after"); after != output.end() && after->is_object()) {
    entry.is_measured = after->value("state", Json()) == "MEASURED";
    entry.integrated_lufs = figure(*after, "integrated_lufs");
    entry.true_peak_dbtp = figure(*after, "true_peak_dbtp");
  }
  return entry;
}

MasterOrigin track_of(const Json& json, const std::string& where) {
  const Entries entries(where);
  if (!json.is_object()) entries.fail("is no object");
  MasterOrigin track;
  track.input = entries.text(json, "input");
  track.frames = entries.whole(json, "frames");
  track.sample_rate_hz = entries.small(json, "sample_rate_hz");
  if (const auto part = json.find("part"); part != json.end()) {
    if (!part->is_object()) entries.fail("has a part that is no object");
    track.part.first_frame = entries.whole(*part, "first_frame");
    track.part.end_frame = track.part.first_frame + entries.whole(*part, "frames");
  }
  track.is_mix = json.contains("stems");
  if (const auto test = json.find("null_test"); test != json.end()) {
    if (!test->is_object()) entries.fail("has a null_test that is no object");
    track.mixdown = entries.text(*test, "mixdown");
  }
  const Json& outputs = entries.of(json, "outputs", "list", &Json::is_array);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    track.outputs.push_back(entry_of(outputs[i], fmt::format("{}.outputs[{}]", where, i)));
  return track;
}

}  // namespace

MasterManifest read_master_manifest(const fs::path& folder) {
  const fs::path path = folder / kMasterManifestName;
  std::error_code error;
  if (!fs::exists(path, error))
    throw ManifestProblem(fmt::format("{}: there is no {} here; lathe master leaves one beside its masters",
                                      folder.string(), kMasterManifestName));
  std::ifstream file(path, std::ios::binary);
  if (!file || !fs::is_regular_file(path, error))
    throw ManifestProblem(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  Json document;
  try {
    document = Json::parse(file, keep);
  } catch (const ManifestProblem& wrong) {
    throw ManifestProblem(path.string() + ": " + wrong.what());
  } catch (const Json::exception& broken) {
    throw ManifestProblem(fmt::format("{}: is no whole JSON: {}", path.string(), broken.what()));
  }
  const Json schema = document.is_object() ? document.value("schema", Json()) : Json();
  if (!schema.is_string()) throw ManifestProblem(path.string() + ": is no manifest of Lathe's: it names no schema");
  if (schema != kSchema)
    throw ManifestProblem(fmt::format("{}: its schema is {}; this version reads {}", path.string(),
                                      schema.get<std::string>().substr(0, 80), kSchema));
  const Json tracks = document.value("tracks", Json());
  if (!tracks.is_array()) throw ManifestProblem(path.string() + ": has no list of tracks");
  MasterManifest manifest{folder, {}};
  for (std::size_t i = 0; i < tracks.size(); ++i)
    manifest.tracks.push_back(track_of(tracks[i], fmt::format("{}: tracks[{}]", path.string(), i)));
  return manifest;
}

std::optional<fs::path> path_in_folder(const fs::path& folder, const std::string& relative) {
  const fs::path path = fs::path(relative).lexically_normal();
  if (path.is_absolute() || path.empty() || *path.begin() == "..") return std::nullopt;
  return folder / path;
}

std::optional<fs::path> leads_out(const fs::path& folder, const fs::path& path) {
  std::error_code error;
  const fs::path root = fs::weakly_canonical(folder, error);
  if (error) return std::nullopt;
  fs::path real = fs::weakly_canonical(path, error);
  if (error) return std::nullopt;  // links in a circle lead nowhere
  const fs::path inside = real.lexically_relative(root);
  if (!inside.empty() && *inside.begin() != "..") return std::nullopt;
  return real;
}

}  // namespace lathe
