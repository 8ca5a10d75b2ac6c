#include "host/audio_file/metadata/field_merge.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe {

FieldMerge::Known FieldMerge::known(const std::pair<std::string, std::string>& field) const {
  Known result = Known::nothing;
  for (std::size_t i = 0; i < known_; ++i) {
    const auto& [name, value] = tags_.fields[i];
    if (name != field.first) continue;
    if (value.starts_with(field.second)) return Known::same;
    result = Known::other;
  }
  return result;
}

void FieldMerge::add_raw(std::string_view name, std::string_view value) {
  Tags clean;
  clean.add_raw(name, value);
  for (const auto& field : clean.fields) {
    const Known known_field = known(field);
    if (known_field == Known::same) return;
    if (known_field == Known::other && field.first != "COMMENT") {
      tags_.notes.push_back(fmt::format("{} stands in the file twice; \"{}\" is left out", field.first, field.second));
      return;
    }
    if (tags_.fields.size() >= kMostFields) return tags_.add_raw(name, value);  // which says why not
    tags_.fields.push_back(field);
  }
  tags_.notes.insert(tags_.notes.end(), clean.notes.begin(), clean.notes.end());
}

}  // namespace lathe
