// RIFF: Microsoft and IBM, Multimedia Programming Interface 1.0 (1991), "cue ", "adtl". AIFF 1.3, MARK and COMT.
#include "host/audio_file/metadata/cue_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/metadata/byte_view.h"
#include "host/audio_file/metadata/cue_sheet.h"
#include "host/audio_file/metadata/id3_fields.h"
#include "host/audio_file/metadata/id3_tag.h"
#include "host/audio_file/text_encoding.h"

namespace lathe {
namespace {

constexpr std::int64_t kMost32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kRiffCueBytes = 24, kCafMarkBytes = 28;
constexpr std::size_t kMostLabelBytes = 255;  // of AIFF
constexpr std::size_t kMostChapters = 999, kMostCues = 100'000;

std::string text_of(std::string_view bytes) { return utf8_from_unknown(bytes).text; }

// Labels, notes and lengths by the point's number.
void read_adtl(std::string_view list, std::map<std::uint32_t, CuePoint*>& points) {
  ByteView left(list.substr(std::min<std::size_t>(4, list.size())));
  while (left.size() >= 8) {
    const std::string id(left.take(4));
    const std::uint32_t size = left.le32();
    ByteView body(left.take(size));
    left.take(size % 2);
    if (body.size() < 4) continue;
    const auto found = points.find(body.le32());
    if (found == points.end()) continue;
    if (id == "labl") found->second->label = text_of(body.rest());
    if (id == "note") found->second->note = text_of(body.rest());
    if (id == "ltxt") {
      found->second->length = body.le32();
      body.take(12);
      if (found->second->label.empty()) found->second->label = text_of(body.rest());
    }
  }
}

std::vector<CuePoint> riff_cues(const Metadata& metadata) {
  std::vector<CuePoint> cues;
  const MetadataChunk* chunk = metadata.find(ChunkFamily::riff, "cue ");
  if (chunk == nullptr) return cues;
  ByteView left(chunk->body);
  const std::size_t count = std::min<std::size_t>({left.le32(), left.size() / kRiffCueBytes, kMostCues});
  cues.resize(count);
  std::map<std::uint32_t, CuePoint*> points;
  for (CuePoint& cue : cues) {
    ByteView entry(left.take(kRiffCueBytes));
    points.emplace(entry.le32(), &cue);
    const std::uint32_t position = entry.le32();
    entry.take(12);
    const std::uint32_t offset = entry.le32();
    cue.frame = offset == 0 ? position : offset;  // some fill in one of the two
  }
  for (const MetadataChunk& list : metadata.chunks) {
    if (is_adtl(list)) read_adtl(list.body, points);
  }
  return cues;
}

std::vector<CuePoint> aiff_cues(const Metadata& metadata) {
  std::vector<CuePoint> cues;
  const MetadataChunk* chunk = metadata.find(ChunkFamily::aiff, "MARK");
  if (chunk == nullptr) return cues;
  ByteView left(chunk->body);
  std::map<std::uint16_t, std::size_t> places;  // by the marker's number
  for (std::uint16_t count = left.be16(); count > 0 && left.size() >= 7; --count) {
    places.emplace(left.be16(), cues.size());
    CuePoint& cue = cues.emplace_back();
    cue.frame = left.be32();
    const std::size_t length = left.byte();
    cue.label = text_of(left.take(length));
    left.take((length + 1) % 2);
  }
  if (const MetadataChunk* comments = metadata.find(ChunkFamily::aiff, "COMT")) {
    ByteView from(comments->body);
    for (std::uint16_t count = from.be16(); count > 0 && from.size() >= 8; --count) {
      from.take(4);
      const auto found = places.find(from.be16());
      const std::size_t length = from.be16();
      const std::string text = text_of(from.take(length));
      from.take(length % 2);
      if (found != places.end()) cues[found->second].note = text;
    }
  }
  return cues;
}

constexpr std::size_t kMostTextBytes = 64 << 10, kMostStringBytes = 4 << 20;

std::map<std::uint32_t, std::string> caf_strings(const Metadata& metadata) {
  std::map<std::uint32_t, std::string> strings;
  const MetadataChunk* chunk = metadata.find(ChunkFamily::caf, "strg");
  if (chunk == nullptr) return strings;
  ByteView left(chunk->body);
  const std::size_t count = std::min<std::size_t>(left.be32(), left.size() / 12);
  ByteView table(left.take(12 * count));
  const std::string_view texts = left.rest();
  std::size_t bytes = 0;  // several may lie at one place
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t id = table.be32();
    const std::uint64_t offset = table.be64();
    if (offset >= texts.size() || strings.size() >= kMostCues) continue;
    std::string_view text = texts.substr(offset, kMostTextBytes);
    text = text.substr(0, text.find('\0'));
    bytes += text.size();
    if (bytes > kMostStringBytes) break;
    strings[id] = text_of(text);
  }
  return strings;
}

std::vector<CuePoint> caf_cues(const Metadata& metadata) {
  std::vector<CuePoint> cues;
  const MetadataChunk* chunk = metadata.find(ChunkFamily::caf, "mark");
  if (chunk == nullptr) return cues;
  const auto strings = caf_strings(metadata);
  ByteView left(chunk->body);
  left.take(4);
  std::size_t label_bytes = 0;  // many marks may share a label
  for (std::uint32_t count = left.be32(); count > 0 && left.size() >= kCafMarkBytes && cues.size() < kMostCues;
       --count) {
    ByteView mark(left.take(kCafMarkBytes));
    mark.take(4);
    const double frame = std::bit_cast<double>(mark.be64());
    CuePoint& cue = cues.emplace_back();
    cue.frame = frame >= 0 && frame < 9e15 ? std::llround(frame) : 0;
    const auto label = strings.find(mark.be32());
    if (label == strings.end()) continue;
    label_bytes += label->second.size();
    if (label_bytes <= kMostStringBytes) cue.label = label->second;
  }
  return cues;
}

// As long as it fits, and whole letters.
std::string pascal_text(std::string text) {
  if (text.size() > kMostLabelBytes) {
    std::size_t end = kMostLabelBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  const std::string pad((text.size() + 1) % 2, '\0');
  return static_cast<char>(text.size()) + text + pad;
}

std::string adtl_item(std::string_view id, const std::string& body) {
  return std::string(id) + le_bytes(body.size(), 4) + body + std::string(body.size() % 2, '\0');
}

// "HH:MM:SS.mmm" in milliseconds.
std::optional<std::int64_t> milliseconds(std::string_view text) {
  std::int64_t parts[4] = {};
  std::size_t part = 0;
  int decimals = 0;
  for (const char c : text) {
    if ((c == ':' && part < 2) || (c == '.' && part == 2)) {
      ++part;
    } else if (c >= '0' && c <= '9') {
      if (part == 3 && ++decimals > 3) continue;
      if (parts[part] > 1'000'000) return std::nullopt;
      parts[part] = 10 * parts[part] + (c - '0');
    } else {
      return std::nullopt;
    }
  }
  if (part < 2) return std::nullopt;
  for (; decimals < 3; ++decimals) parts[3] *= 10;
  return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3];
}

// CHAP frames (ID3v2 chapter frame addendum 1.0): start and end in milliseconds, and a title in a frame within.
std::vector<CuePoint> frame_cues(const Metadata& metadata, int sample_rate_hz) {
  std::vector<CuePoint> cues;
  const auto frame_at = [sample_rate_hz](std::uint32_t ms) {
    return (static_cast<std::int64_t>(ms) * sample_rate_hz + 500) / 1000;
  };
  for (const Id3Frame& frame : metadata.frames) {
    if (frame.id != "CHAP") continue;
    std::string_view body = frame.body;
    take_id3_string(0, body);
    ByteView left(body);
    CuePoint& cue = cues.emplace_back();
    const std::uint32_t start = left.be32(), end = left.be32();
    cue.frame = frame_at(start);
    if (end > start && end != UINT32_MAX) cue.length = frame_at(end) - cue.frame;
    left.take(8);
    for (const Id3Frame& inner : parse_id3_frames(left.rest())) {
      const auto fields = fields_of_frame(inner);
      if (inner.id == "TIT2" && !fields.empty()) cue.label = fields.front().second;
    }
  }
  return cues;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::vector<CuePoint> chunk_cues(const Metadata& metadata) {
  for (const auto& cues : {riff_cues(metadata), aiff_cues(metadata), caf_cues(metadata)}) {
    if (!cues.empty()) return cues;
  }
  const MetadataChunk* sheet = metadata.find(ChunkFamily::flac, "CUESHEET");
  return sheet == nullptr ? std::vector<CuePoint>() : cue_sheet_points(sheet->body);
}

std::vector<CuePoint> all_cues(const Metadata& metadata, int sample_rate_hz) {
  std::vector<CuePoint> cues = chunk_cues(metadata);
  return cues.empty() ? frame_cues(metadata, sample_rate_hz) : cues;
}

std::vector<MetadataChunk> riff_cue_chunks(const std::vector<CuePoint>& cues) {
  std::string points, texts = "adtl";
  std::uint32_t id = 0;
  for (const CuePoint& cue : cues) {
    if (cue.frame > kMost32) continue;
    const std::string number = le_bytes(++id, 4), frame = le_bytes(static_cast<std::uint64_t>(cue.frame), 4);
    points += number + frame + "data" + le_bytes(0, 8) + frame;
    if (!cue.label.empty()) texts += adtl_item("labl", number + cue.label + '\0');
    if (!cue.note.empty()) texts += adtl_item("note", number + cue.note + '\0');
    const auto length = static_cast<std::uint64_t>(std::min(cue.length, kMost32));
    if (length > 0) texts += adtl_item("ltxt", number + le_bytes(length, 4) + "rgn " + le_bytes(0, 8));
  }
  std::vector<MetadataChunk> chunks;
  if (id == 0) return chunks;
  chunks.push_back({ChunkFamily::riff, "cue ", le_bytes(id, 4) + points, false});
  if (texts.size() > 4) chunks.push_back({ChunkFamily::riff, "LIST", texts, false});
  return chunks;
}

std::vector<MetadataChunk> aiff_cue_chunks(const std::vector<CuePoint>& cues) {
  constexpr std::uint16_t kMostMarkers = 32767;
  std::string marks, comments;
  std::uint16_t id = 0, notes = 0;
  for (const CuePoint& cue : cues) {
    if (cue.frame > kMost32 || id == kMostMarkers) continue;
    marks += be_bytes(++id, 2) + be_bytes(static_cast<std::uint64_t>(cue.frame), 4) + pascal_text(cue.label);
    const std::size_t length = std::min<std::size_t>(cue.note.size(), UINT16_MAX);
    if (length == 0) continue;
    comments += be_bytes(0, 4) + be_bytes(id, 2) + be_bytes(length, 2) + cue.note.substr(0, length) +
                std::string(length % 2, '\0');
    ++notes;
  }
  std::vector<MetadataChunk> chunks;
  if (id > 0) chunks.push_back({ChunkFamily::aiff, "MARK", be_bytes(id, 2) + marks, true});
  if (notes > 0) chunks.push_back({ChunkFamily::aiff, "COMT", be_bytes(notes, 2) + comments, true});
  return chunks;
}

std::vector<MetadataChunk> caf_cue_chunks(const std::vector<CuePoint>& cues) {
  std::string marks, table, texts;
  std::uint32_t id = 0, strings = 0;
  for (const CuePoint& cue : cues) {
    ++id;
    marks += be_bytes(0, 4) + be_bytes(std::bit_cast<std::uint64_t>(static_cast<double>(cue.frame)), 8) +
             be_bytes(id, 4) + std::string(12, '\0');  // no SMPTE time, all channels
    if (cue.label.empty()) continue;
    table += be_bytes(id, 4) + be_bytes(texts.size(), 8);
    texts += cue.label + '\0';
    ++strings;
  }
  std::vector<MetadataChunk> chunks;
  if (id == 0) return chunks;
  chunks.push_back({ChunkFamily::caf, "mark", be_bytes(0, 4) + be_bytes(id, 4) + marks, true});
  if (strings > 0) chunks.push_back({ChunkFamily::caf, "strg", be_bytes(strings, 4) + table + texts, true});
  return chunks;
}

bool is_chapter_field(const std::string& name) {
  return name.starts_with("CHAPTER") && name.size() >= 10 &&
         std::all_of(name.begin() + 7, name.begin() + 10, is_digit) && (name.size() == 10 || name.substr(10) == "NAME");
}

std::vector<CuePoint> chapter_cues(const Tags& tags, int sample_rate_hz) {
  std::map<std::string, CuePoint> chapters;
  for (const auto& [name, value] : tags.fields) {
    if (!is_chapter_field(name) || name.size() != 10) continue;
    const auto ms = milliseconds(value);
    if (!ms) return {};
    chapters[name].frame = (*ms * sample_rate_hz + 500) / 1000;
  }
  for (const auto& [name, value] : tags.fields) {
    const auto found = is_chapter_field(name) && name.size() > 10 ? chapters.find(name.substr(0, 10)) : chapters.end();
    if (found != chapters.end()) found->second.label = value;
  }
  std::vector<CuePoint> cues;
  for (auto& [name, cue] : chapters) cues.push_back(std::move(cue));
  return cues;
}

std::vector<std::pair<std::string, std::string>> chapter_fields(const std::vector<CuePoint>& cues, int sample_rate_hz) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (std::size_t i = 0; i < std::min(cues.size(), kMostChapters); ++i) {
    const std::int64_t ms = (cues[i].frame * 1000 + sample_rate_hz / 2) / sample_rate_hz;
    const std::string name = fmt::format("CHAPTER{:03}", i + 1);
    fields.emplace_back(
        name, fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000));
    if (!cues[i].label.empty()) fields.emplace_back(name + "NAME", cues[i].label);
  }
  return fields;
}

CuedTags cued(const Tags& tags, const Metadata& metadata, int sample_rate_hz) {
  CuedTags out{tags, all_cues(metadata, sample_rate_hz)};
  const std::vector<CuePoint> chapters = chapter_cues(tags, sample_rate_hz);
  if (chapters.empty()) return out;
  const auto is_cue_too = [&](const CuePoint& chapter) {
    return std::ranges::any_of(out.cues, [&](const CuePoint& cue) {
      return std::abs(cue.frame - chapter.frame) * 1000 <= sample_rate_hz &&
             (chapter.label.empty() || chapter.label == cue.label);
    });
  };
  if (out.cues.empty()) {
    out.cues = chapters;
  } else if (!std::ranges::all_of(chapters, is_cue_too)) {
    return out;
  }
  std::erase_if(out.tags.fields, [](const auto& field) { return is_chapter_field(field.first); });
  return out;
}

bool holds_cues(const MetadataChunk& chunk) {
  return is_adtl(chunk) || chunk.id == "cue " || chunk.id == "MARK" || chunk.id == "COMT" || chunk.id == "mark" ||
         chunk.id == "strg";
}

}  // namespace lathe
