#include "scheduler/worker/track_source.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/audio_file/input_file.h"
#include "host/manifest/manifest_row_json.h"
#include "host/manifest/row_tags.h"
#include "host/report/track_json.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartPrefix = "frames ";

TrackSource named_by(const std::string& file, const ManifestRow& row, const AudioReader& reader) {
  TrackSource source{row.part,
                     format_of_part(reader.format(), row.part, reader.file().path()),
                     with_row(reader.tags(), row, fs::path(file).filename().string()),
                     {}};
  source.row = fmt::format("{}:{}", file, row.line);
  return source;
}

}  // namespace

TrackSource source_of(const ScannedTrack& track, const AudioReader& reader) {
  if (track.row == nullptr) return {{}, reader.format(), reader.tags(), {}};
  return named_by(track.manifest->file, *track.row, reader);
}

TrackSource source_of(const v1::TaskSpec::Member& track, const AudioReader& reader) {
  const FilePart part{track.first_frame(), track.end_frame()};
  if (track.row_json().empty())
    return {part, format_of_part(reader.format(), part, reader.file().path()), reader.tags(), {}};
  NamedRow named = manifest_row_from_json(track.row_json());
  named.row.part = part;
  return named_by(named.manifest.file, named.row, reader);
}

namespace {

TrackSource named_by(const std::string& file, const ManifestRow& row, OpenMix& mix) {
  mix.tags = with_row(mix.tags, row, fs::path(file).filename().string());
  return {{}, mix.format, mix.tags, fmt::format("{}:{}", file, row.line)};
}

}  // namespace

TrackSource source_of(const ScannedTrack& track, OpenMix& mix) {
  if (track.row == nullptr) return {{}, mix.format, mix.tags, {}};
  return named_by(track.manifest->file, *track.row, mix);
}

TrackSource source_of(const v1::TaskSpec& task, OpenMix& mix) {
  if (task.members(0).row_json().empty()) return {{}, mix.format, mix.tags, {}};
  const NamedRow named = manifest_row_from_json(task.members(0).row_json());
  return named_by(named.manifest.file, named.row, mix);
}

std::vector<StemFile> stem_files(const ScannedTrack& track) {
  std::vector<StemFile> files;
  if (!track.stems) return files;
  for (std::size_t i = 0; i < track.stems->stems.size(); ++i)
    files.push_back({track.stems->stems[i], track.stems->roles[i]});
  return files;
}

std::vector<StemFile> stem_files(const v1::TaskSpec& mix) {
  std::vector<StemFile> files;
  for (const v1::TaskSpec::Member& stem : mix.members()) files.push_back({stem.input(), stem.role()});
  return files;
}

std::string track_key(const std::string& input, std::int64_t first_frame) {
  std::string key = input;
  if (first_frame > 0) key += '\0' + std::to_string(first_frame);
  return key;
}

std::string track_key(const ScannedTrack& track) {
  return track_key(track.input, track.row == nullptr ? 0 : track.row->part.first_frame);
}

std::string source_path(const std::string& input, const FilePart& part) {
  if (part.is_whole()) return input;
  return fmt::format("{}/{}{}-{}", input, kPartPrefix, part.first_frame, part.end_frame);
}

std::string file_of_source_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::error_code error;
  const bool is_part = slash != path.npos && path.compare(slash + 1, kPartPrefix.size(), kPartPrefix) == 0 &&
                       !fs::is_directory(path.substr(0, slash), error);
  return is_part ? path.substr(0, slash) : path;
}

void describe_source(const TrackSource& source, nlohmann::ordered_json& track) {
  if (!source.part.is_whole()) {
    track["part"] = {{"first_frame", source.part.first_frame}, {"frames", source.format.frames}};
  } else {
    track.erase("part");
  }
  nlohmann::ordered_json tags = nlohmann::ordered_json::object();
  for (const char* column : {"title", "version", "artist", "album", "upc", "isrc", "disc", "side", "track"}) {
    const std::string_view value = source.tags.first(tag_of_column(column));
    if (!value.empty()) tags[column] = value;
  }
  track.erase("tags");
  if (!tags.empty()) track["tags"] = std::move(tags);
  track.erase("row");
  if (!source.row.empty()) track["row"] = json_text(source.row);
}

}  // namespace lathe::scheduler
