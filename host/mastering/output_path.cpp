#include "host/mastering/output_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace lathe {
namespace {

constexpr std::size_t kMostNameBytes = 255;  // what common file systems take

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
  if (!is_there && fields.missing != nullptr) fields.missing->insert(std::string(field.name));
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

std::filesystem::path placed_path(std::string_view pattern, std::filesystem::path name,
                                  const std::filesystem::path& out_dir, const std::filesystem::path& relative) {
  // A track that lies in no folder leaves "/name" of "{folder}/name".
  if (pattern.starts_with("{folder}/") && relative.parent_path().empty()) name = name.relative_path();
  std::filesystem::path path = (out_dir / name).lexically_normal();
  const auto inside = path.lexically_relative(out_dir.lexically_normal());
  if (name.is_absolute() || inside.empty() || *inside.begin() == "..")
    throw std::invalid_argument("the output path '" + name.string() + "' leaves the output folder");
  for (const std::string_view own : {".lathe", "lathe-manifest.json", "BatchComplete.json"}) {
    if (*inside.begin() == own)
      throw std::invalid_argument(
          fmt::format("the output path '{}' is Lathe's own: {} holds what it keeps there", name.string(), own));
  }
  for (const auto& part : inside) {
    if (part.native().size() > kMostNameBytes)
      throw std::invalid_argument(
          fmt::format("the output path names '{}', of {} bytes, and a file's name may have {}: "
                      "leave a field out of the path, or shorten the tag",
                      part.string(), part.native().size(), kMostNameBytes));
  }
  return path;
}

void check_ending(const std::filesystem::path& path, Container container) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending == ".aif") ending = ".aiff";
  const std::string_view own = extension_for(container);
  constexpr std::array<std::string_view, 5> kEndings{".wav", ".aiff", ".flac", ".caf", ".w64"};
  if (ending == own || std::ranges::find(kEndings, ending) == kEndings.end()) return;
  throw std::invalid_argument(
      fmt::format("the output path ends with {}, and the file would be {}: give the output "
                  "that format, or end its path with .{{ext}}",
                  ending, container_name(container)));
}

}  // namespace lathe
