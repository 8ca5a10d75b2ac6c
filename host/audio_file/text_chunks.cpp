// Names in each container as Vorbis-comment names, both ways.
#include "host/audio_file/text_chunks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <set>
#include <string_view>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/frame_sink.h"

namespace lathe {
namespace {

struct NamePair {
  std::string_view id;
  std::string_view name;
};

// RIFF INFO identifiers (Microsoft and IBM's RIFF document of 1991, and those in use since). Its ISRC is the "source",
// not the recording code. Of two identifiers for a name the first is written.
constexpr std::array<NamePair, 23> kInfo = {{
    {"INAM", "TITLE"},       {"IART", "ARTIST"},   {"IPRD", "ALBUM"},       {"ICRD", "DATE"},
    {"IGNR", "GENRE"},       {"ICMT", "COMMENT"},  {"ICOP", "COPYRIGHT"},   {"ITRK", "TRACKNUMBER"},
    {"IPRT", "TRACKNUMBER"}, {"ISFT", "ENCODER"},  {"IENG", "ENGINEER"},    {"ITCH", "TECHNICIAN"},
    {"IMUS", "COMPOSER"},    {"IWRI", "LYRICIST"}, {"IPUB", "PUBLISHER"},   {"IKEY", "KEYWORDS"},
    {"ISBJ", "SUBJECT"},     {"ISRC", "SOURCE"},   {"ISRF", "SOURCEMEDIA"}, {"ICMS", "COMMISSIONED"},
    {"IARL", "ARCHIVE"},     {"ILNG", "LANGUAGE"}, {"IMED", "MEDIA"},
}};

constexpr std::array<NamePair, 4> kAiff = {
    {{"NAME", "TITLE"}, {"AUTH", "ARTIST"}, {"(c) ", "COPYRIGHT"}, {"ANNO", "COMMENT"}}};

// Apple's keys that differ from Vorbis-comment names. They are read; written are the latter, in lower case, as other
// free programs do.
constexpr std::array<NamePair, 7> kCaf = {{{"track number", "TRACKNUMBER"},
                                           {"comments", "COMMENT"},
                                           {"recorded date", "DATE"},
                                           {"year", "DATE"},
                                           {"encoding application", "ENCODER"},
                                           {"source application", "ENCODER"},
                                           {"software", "ENCODER"}}};

template <std::size_t N>
std::string_view name_of(const std::array<NamePair, N>& table, std::string_view id) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const NamePair& p) { return p.id == id; });
  return found == table.end() ? std::string_view() : found->name;
}

template <std::size_t N>
std::string_view id_of(const std::array<NamePair, N>& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const NamePair& p) { return p.name == name; });
  return found == table.end() ? std::string_view() : found->id;
}

bool is_upper_or_digit(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Whether a field may stand in INFO under its own name: one that came from there without having another. Vorbis
// comments have names that only look so.
bool is_info_id(std::string_view name) {
  return name.size() == 4 && name[0] == 'I' && std::all_of(name.begin(), name.end(), is_upper_or_digit) &&
         name != "ISRC" && name != "ISBN" && name != "ISWC" && name != "ISMN";
}

// Two letters, three more, seven digits; with or without hyphens.
bool is_recording_code(std::string_view text) {
  std::string code;
  std::copy_if(text.begin(), text.end(), std::back_inserter(code), [](char c) { return c != '-'; });
  code = code.substr(0, code.find('\0'));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return code.size() == 12 && !is_digit(code[0]) && !is_digit(code[1]) &&
         std::all_of(code.begin(), code.end(), is_upper_or_digit) &&
         std::all_of(code.begin() + 5, code.end(), is_digit);
}

// Fields that INFO has no standing name for keep the one they have.
std::string info_name(std::string_view id, std::string_view value) {
  if (id == "ISRC" && is_recording_code(value)) return "ISRC";
  const std::string_view known = name_of(kInfo, id);
  return std::string(known.empty() ? id.substr(0, id.find_last_not_of(' ') + 1) : known);
}

void read_info(std::string_view list, FieldMerge& fields) {
  list.remove_prefix(4);
  while (list.size() >= 8) {
    const std::string_view id = list.substr(0, 4);
    const std::size_t size = load_le<std::uint32_t>(reinterpret_cast<const std::byte*>(list.data()) + 4);
    list.remove_prefix(8);
    const std::string_view value = list.substr(0, size);
    fields.add_raw(info_name(id, value), value);
    list.remove_prefix(std::min(list.size(), size + size % 2));
  }
}

// A count, then keys and values, each ended by a NUL.
void read_caf_info(std::string_view body, FieldMerge& fields) {
  body.remove_prefix(std::min<std::size_t>(4, body.size()));
  while (!body.empty()) {
    const std::string_view key = body.substr(0, body.find('\0'));
    body.remove_prefix(std::min(body.size(), key.size() + 1));
    const std::string_view value = body.substr(0, body.find('\0'));
    body.remove_prefix(std::min(body.size(), value.size() + 1));
    const std::string_view known = name_of(kCaf, key);
    if (!key.empty()) fields.add_raw(known.empty() ? key : known, value);
  }
}

// The bytes of one field as the container keeps it; empty if it has no place for the name.
std::string field_bytes(Container container, const std::string& name, const std::string& value) {
  const std::string pad(value.size() % 2, '\0');
  if (container == Container::wav || container == Container::rf64) {
    const std::string_view known = id_of(kInfo, name);
    const std::string_view id = known.empty() && is_info_id(name) ? name : known;
    if (id.empty()) return "";
    return std::string(id) + le_bytes(value.size() + 1, 4) + value + '\0' + (pad.empty() ? std::string(1, '\0') : "");
  }
  if (container == Container::aiff) {
    const std::string_view id = id_of(kAiff, name);
    return id.empty() ? "" : std::string(id) + be_bytes(value.size(), 4) + value + pad;
  }
  if (container == Container::caf) {
    std::string key = name;
    for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return key + '\0' + value + '\0';
  }
  return "";
}

}  // namespace

bool take_text_chunk(const MetadataChunk& chunk, FieldMerge& fields) {
  if (chunk.family == ChunkFamily::riff && chunk.id == "LIST" && chunk.body.starts_with("INFO")) {
    read_info(chunk.body, fields);
    return true;
  }
  if (chunk.family == ChunkFamily::aiff) {
    const std::string_view name = name_of(kAiff, chunk.id);
    if (!name.empty()) fields.add_raw(name, chunk.body);
    return !name.empty();
  }
  if (chunk.family == ChunkFamily::caf && chunk.id == "info") {
    read_caf_info(chunk.body, fields);
    return true;
  }
  return false;
}

TextChunks make_text_chunks(Container container, const Tags& tags) {
  Tags clean;  // whoever made the tags: names in upper case, values in UTF-8
  for (const auto& [name, value] : tags.fields) clean.add_raw(name, value);
  TextChunks chunks;
  std::set<std::string> taken;
  std::uint32_t count = 0;
  for (const auto& [name, value] : clean.fields) {
    const std::string bytes = field_bytes(container, name, value);
    const bool may_repeat = container == Container::aiff && name == "COMMENT";
    const bool is_full = chunks.bytes.size() + bytes.size() > kMaxTagBytes;
    if (bytes.empty() || is_full || (!taken.insert(name).second && !may_repeat)) {
      chunks.dropped.push_back(name);
    } else {
      chunks.bytes += bytes;
      ++count;
    }
  }
  if (chunks.bytes.empty() || container == Container::aiff) return chunks;
  if (container == Container::caf) {
    chunks.bytes = "info" + be_bytes(chunks.bytes.size() + 4, 8) + be_bytes(count, 4) + chunks.bytes;
  } else {
    chunks.bytes = "LIST" + le_bytes(chunks.bytes.size() + 4, 4) + "INFO" + chunks.bytes;
  }
  return chunks;
}

}  // namespace lathe
