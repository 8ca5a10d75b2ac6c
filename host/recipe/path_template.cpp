#include "host/recipe/path_template.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace lathe {

std::vector<std::string> fields_in_path(std::string_view path) {
  std::vector<std::string> fields;
  for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{', open)) {
    const std::size_t close = path.find('}', open);
    if (close == path.npos) break;
    const std::string_view field = path.substr(open + 1, close - open - 1);
    fields.emplace_back(field.substr(0, field.find(':')));
    open = close;
  }
  return fields;
}

const std::vector<std::string>& known_path_fields() {
  static const std::vector<std::string> kFields{"stem",    "folder", "id",    "ext",  "track", "disc", "side", "title",
                                                "version", "artist", "album", "isrc", "upc",   "role", "mix"};
  return kFields;
}

std::string plain_path(std::string_view path, std::string_view ext) {
  std::string plain(path);
  constexpr std::string_view kExt = "{ext}";
  for (std::size_t at = plain.find(kExt); !ext.empty() && at != plain.npos; at = plain.find(kExt, at))
    plain.replace(at, kExt.size(), ext);
  return std::filesystem::path(plain).lexically_normal().string();
}

bool has_extension(std::string_view path) {
  static constexpr std::string_view kEndings[] = {".{ext}", ".wav", ".wave", ".rf64", ".w64",
                                                  ".flac",  ".aif", ".aiff", ".aifc", ".caf"};
  std::string ending(path.substr(std::min(path.rfind('.'), path.size())));
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kEndings, ending) != std::end(kEndings);
}

bool tells_mixes_apart(std::string_view field) {
  return field == "mix" || field == "folder" || field == "track" || field == "title" || field == "isrc";
}

bool tells_tracks_apart(std::string_view field) {
  return field == "stem" || field == "track" || field == "title" || field == "isrc";
}

}  // namespace lathe
