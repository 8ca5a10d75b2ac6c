#include "host/manifest/row_tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>

#include "host/audit/identifiers.h"

namespace lathe {
namespace {

struct ColumnTag {
  std::string_view column, tag;
};

// In the order a reader looks for them.
constexpr std::array kTags{ColumnTag{"title", "TITLE"},
                           ColumnTag{"version", "VERSION"},
                           ColumnTag{"artist", "ARTIST"},
                           ColumnTag{"album_artist", "ALBUMARTIST"},
                           ColumnTag{"album", "ALBUM"},
                           ColumnTag{"disc", "DISCNUMBER"},
                           ColumnTag{"side", "SIDE"},
                           ColumnTag{"track", "TRACKNUMBER"},
                           ColumnTag{"isrc", "ISRC"},
                           ColumnTag{"upc", "BARCODE"},
                           ColumnTag{"songwriter", "COMPOSER"},
                           ColumnTag{"genre", "GENRE"},
                           ColumnTag{"date", "DATE"}};

// Other names of the same thing.
bool is_name_of(std::string_view field, std::string_view tag) {
  if (field == tag) return true;
  if (tag == "BARCODE") return field == "UPC" || field == "EAN";
  return tag == "SIDE" && field == "VINYLSIDE";
}

// Tags of a whole file that say nothing of one of its tracks.
bool is_of_the_whole(std::string_view field) {
  static constexpr std::array<std::string_view, 9> kNames = {"TITLE",
                                                             "TRACKNUMBER",
                                                             "ISRC",
                                                             "CUESHEET",
                                                             "LENGTH",
                                                             "MUSICBRAINZ_TRACKID",
                                                             "ACOUSTID_ID",
                                                             "ACOUSTID_FINGERPRINT",
                                                             "MUSICBRAINZ_RELEASETRACKID"};
  return std::ranges::find(kNames, field) != kNames.end() || field.starts_with("CHAPTER") ||
         field.starts_with("REPLAYGAIN_TRACK_") || field == "R128_TRACK_GAIN";
}

std::string plain_isrc(const std::string& isrc) {
  std::string plain;
  for (const char c : isrc) {
    if (c != '-' && c != ' ') plain += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return plain;
}

std::string value_of(const ManifestRow& row, std::string_view column) {
  const auto found = row.tags.find(std::string(column));
  if (found != row.tags.end()) return column == "isrc" ? plain_isrc(found->second) : found->second;
  return column == "album" ? row.album : std::string();
}

// Whether anything but the value was there.
bool put(std::string_view tag, const std::string& value, Tags& tags) {
  const auto is_it = [tag](const auto& field) { return is_name_of(field.first, tag); };
  const auto count = std::ranges::count_if(tags.fields, is_it);
  const auto first = std::ranges::find_if(tags.fields, is_it);
  if (count == 1 && first->first == tag && first->second == value) return false;
  std::pair<std::string, std::string> field(tag, value);
  if (count == 0) {
    tags.fields.push_back(std::move(field));
    return false;
  }
  *first = std::move(field);
  tags.fields.erase(std::remove_if(first + 1, tags.fields.end(), is_it), tags.fields.end());
  return true;
}

}  // namespace

std::string tag_of_column(std::string_view column) {
  const auto found = std::ranges::find(kTags, column, &ColumnTag::column);
  return found == kTags.end() ? std::string() : std::string(found->tag);
}

Tags with_row(const Tags& file, const ManifestRow& row, const std::string& manifest_file) {
  Tags tags = file;
  if (!row.part.is_whole()) std::erase_if(tags.fields, [](const auto& field) { return is_of_the_whole(field.first); });
  std::vector<std::string> changed;
  for (const ColumnTag& known : kTags) {
    const std::string value = value_of(row, known.column);
    if (!value.empty() && put(known.tag, value, tags)) changed.emplace_back(known.tag);
  }
  if (!changed.empty()) {
    tags.notes.push_back(
        fmt::format("{}: as {} says it, where the file says otherwise", fmt::join(changed, ", "), manifest_file));
  }
  return tags;
}

std::vector<RecipeProblem> delivery_problems(const Manifest& manifest) {
  std::vector<RecipeProblem> problems;
  if (manifest.is_cue_sheet) return problems;
  std::map<std::pair<std::string, std::string>, int> lines;  // of an album's ISRC
  for (const ManifestRow& row : manifest.rows) {
    const auto add = [&](std::string message) { problems.push_back({manifest.file, row.line, 1, std::move(message)}); };
    for (const std::string& damage : row.damage) add(damage);
    if (const auto upc = row.tags.find("upc"); upc != row.tags.end()) {
      if (const std::string problem = upc_problem(upc->second); !problem.empty())
        add(fmt::format("'{}' is no UPC or EAN: {}", upc->second, problem));
    }
    const auto isrc = row.tags.find("isrc");
    if (isrc == row.tags.end()) continue;
    if (const std::string problem = isrc_problem(isrc->second); !problem.empty()) {
      add(fmt::format("'{}' is no ISRC: {}", isrc->second, problem));
      continue;
    }
    const std::string album = row.album.empty() ? std::filesystem::path(row.path).parent_path().string() : row.album;
    const auto [line, is_new] = lines.emplace(std::pair(album, plain_isrc(isrc->second)), row.line);
    if (!is_new) add(fmt::format("the ISRC {} is that of line {} already", isrc->second, line->second));
  }
  return problems;
}

}  // namespace lathe
