#include "host/mastering/output_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace lathe {
namespace {

// {track:02}: the number a tag starts with ("7/12" is 7), padded.
std::string numbered(std::string_view value, std::string_view width_text) {
  int number = 0, width = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  std::from_chars(width_text.data(), width_text.data() + width_text.size(), width);
  return fmt::format("{:0{}}", number, std::clamp(width, 0, 9));
}

struct TagField {
  std::string_view name, tag;
  bool is_number = false;
};

constexpr std::array kTagFields{TagField{"track", "TRACKNUMBER", true},
                                TagField{"disc", "DISCNUMBER", true},
                                TagField{"title", "TITLE"},
                                TagField{"artist", "ARTIST"},
                                TagField{"album", "ALBUM"},
                                TagField{"isrc", "ISRC"},
                                TagField{"upc", "BARCODE"},
                                TagField{"version", "VERSION"},
                                TagField{"side", "SIDE"}};

std::string tag_value(const TagField& field, std::string_view width, const PathFields& fields) {
  const std::string_view value = fields.tags.first(field.tag);
  const bool is_there = !value.empty() && (!field.is_number || (value.front() >= '0' && value.front() <= '9'));
  if (!is_there && !fields.row.empty()) {
    throw std::invalid_argument(
        value.empty()
            ? fmt::format("the output path names {{{0}}}, and {1} gives none, nor do the file's tags; give it a {0}",
                          field.name, fields.row)
            : fmt::format("the output path names {{{0}}}, a number, and {1} says '{2}'", field.name, fields.row,
                          value));
  }
  return field.is_number ? numbered(value, width) : as_file_name(value);
}

std::string field_value(std::string_view field, const PathFields& fields) {
  const auto colon = field.find(':');
  const std::string_view name = field.substr(0, colon), width = colon == field.npos ? "" : field.substr(colon + 1);
  if (fields.stem != nullptr) {
    if (name == "stem") return fields.stem->name;
    if (name == "role") return as_file_name(fields.stem->role);
    if (name == "mix") return fields.relative.filename().string();
  }
  if (name == "stem") return fields.relative.filename().string();
  if (name == "folder") return fields.relative.parent_path().string();
  if (name == "id") return fields.id;
  if (name == "ext") return std::string(fields.ext);
  if (const auto known = std::ranges::find(kTagFields, name, &TagField::name); known != kTagFields.end())
    return tag_value(*known, width, fields);
  if (name == "role" || name == "mix") {
    throw std::invalid_argument("the output path names {" + std::string(field) +
                                "}, which only outputs of stems have (of: stems)");
  }
  throw std::invalid_argument("the output path names {" + std::string(field) +
                              "}; it takes stem, folder, id, ext, track, disc, side, title, version, artist, album, "
                              "isrc and upc");
}

}  // namespace

std::string as_file_name(std::string_view text) {
  std::string name;
  for (const char ch : text) name += ch == '/' || ch == '\\' || static_cast<unsigned char>(ch) < 0x20 ? '_' : ch;
  while (!name.empty() && (name.front() == '.' || name.front() == ' ')) name.erase(name.begin());
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  return name.empty() ? "_" : name;
}

std::filesystem::path expanded_path(const std::string& pattern, const PathFields& fields) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto close = pattern[i] == '{' ? pattern.find('}', i) : std::string::npos;
    if (close == std::string::npos) {
      out += pattern[i];
      continue;
    }
    out += field_value(std::string_view(pattern).substr(i + 1, close - i - 1), fields);
    i = close;
  }
  return out;
}

}  // namespace lathe
