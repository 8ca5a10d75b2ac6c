#include "scheduler/worker/cue_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/mastering/output_path.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// A name has at most 255 bytes, and number, output and extension want some of them.
constexpr std::size_t kMaxTitleBytes = 160;

std::string short_title(std::string title) {
  if (title.size() <= kMaxTitleBytes) return title;
  std::size_t end = kMaxTitleBytes;
  while (end > 0 && (static_cast<unsigned char>(title[end]) & 0xc0) == 0x80) --end;  // between two characters
  return title.substr(0, end);
}

std::string name_of_part(const ManifestRow& row, const fs::path& sheet) {
  const auto title = row.tags.find("title");
  const std::string name = title == row.tags.end() ? sheet.stem().string() : short_title(title->second);
  const std::string& number = row.tags.at("track");
  return (number.size() < 2 ? "0" + number : number) + " " + as_file_name(name);
}

}  // namespace

std::vector<ScannedTrack> tracks_of_cue(const Manifest& sheet, const fs::path& place, bool in_own_folder,
                                        FileStamp (*stamp_of)(const std::string& path)) {
  const fs::path file = fs::absolute(sheet.file).lexically_normal();
  std::map<std::string, std::int64_t> frames;  // of the files that are cut
  for (const ManifestRow& row : sheet.rows) frames[row.path] = std::max(frames[row.path], row.part.end_frame);
  std::vector<ScannedTrack> tracks;
  for (const ManifestRow& row : sheet.rows) {
    const fs::path below = fs::path(row.path).lexically_relative(file.parent_path());
    ScannedTrack track;
    track.input = row.path;
    track.album = file.parent_path().native();
    track.stamp = stamp_of(row.path);
    track.bytes = track.stamp.size_bytes;
    track.manifest = &sheet;
    track.row = &row;
    if (row.part.is_whole()) {
      track.relative = (place / below).replace_extension().native();
    } else {
      const fs::path folder = place / below.parent_path() / (in_own_folder ? file.stem() : fs::path());
      track.relative = (folder / name_of_part(row, file)).native();
      const double share =
          static_cast<double>(row.part.end_frame - row.part.first_frame) / static_cast<double>(frames[row.path]);
      track.bytes = static_cast<std::int64_t>(share * static_cast<double>(track.bytes));
    }
    tracks.push_back(std::move(track));
  }
  return tracks;
}

}  // namespace lathe::scheduler
