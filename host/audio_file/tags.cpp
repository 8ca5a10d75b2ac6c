// Putting tags into their one form.
#include "host/audio_file/tags.h"

#include <algorithm>

#include "host/audio_file/text_encoding.h"

namespace lathe {
namespace {

constexpr std::string_view kTooMany = "has more fields than are read: the rest is left out";

// Vorbis comment field names: 0x20 to 0x7D without '='.
bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= 0x20 && c <= 0x7d && c != '='; });
}

std::string upper(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace

std::string_view Tags::first(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

void Tags::add_raw(std::string_view name, std::string_view value) {
  const Utf8Text text = utf8_from_unknown(value);
  if (!is_field_name(name)) {
    notes.push_back("a field with an unusable name was left out");
    return;
  }
  if (text.text.empty()) return;
  if (fields.size() >= kMostFields) {
    if (notes.empty() || notes.back() != kTooMany) notes.emplace_back(kTooMany);
    return;
  }
  if (text.was_transcoded) notes.push_back(upper(name) + " was not UTF-8 and is read as Windows-1252");
  fields.emplace_back(upper(name), text.text);
}

Tags shared_fields(const std::vector<Tags>& all) {
  Tags shared;
  for (const auto& field : all.front().fields) {
    const bool is_everywhere = std::ranges::all_of(
        all, [&field](const Tags& tags) { return std::ranges::find(tags.fields, field) != tags.fields.end(); });
    if (is_everywhere) shared.fields.push_back(field);
  }
  return shared;
}

}  // namespace lathe
