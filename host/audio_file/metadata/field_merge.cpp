#include "host/audio_file/metadata/field_merge.h"

#include <algorithm>

namespace lathe {

void FieldMerge::add_raw(std::string_view name, std::string_view value) {
  Tags clean;
  clean.add_raw(name, value);
  const auto known = tags_.fields.begin() + static_cast<std::ptrdiff_t>(known_);
  for (const auto& field : clean.fields) {
    const bool is_known = std::any_of(tags_.fields.begin(), known, [&field](const auto& other) {
      return other.first == field.first && other.second.starts_with(field.second);
    });
    if (is_known) return;
    if (tags_.fields.size() < kMostFields) {
      tags_.fields.push_back(field);
    } else {
      tags_.add_raw(name, value);  // which says why not
    }
  }
  tags_.notes.insert(tags_.notes.end(), clean.notes.begin(), clean.notes.end());
}

}  // namespace lathe
