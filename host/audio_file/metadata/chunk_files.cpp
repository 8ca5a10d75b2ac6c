#include "host/audio_file/metadata/chunk_files.h"

#include <algorithm>
#include <array>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/frame_sink.h"
#include "host/audio_file/metadata/byte_view.h"
#include "host/audio_file/metadata/cue_points.h"
#include "host/audio_file/metadata/field_merge.h"
#include "host/audio_file/metadata/id3_fields.h"
#include "host/audio_file/metadata/id3_tag.h"
#include "host/audio_file/pcm_header.h"
#include "host/audio_file/text_chunks.h"

namespace lathe {
namespace {

// Larger chunks go behind the sound, where nobody has to read over them.
constexpr std::size_t kMostBefore = 256 << 10;

bool is_id3(const MetadataChunk& chunk) {
  return (chunk.family == ChunkFamily::riff || chunk.family == ChunkFamily::aiff) &&
         (chunk.id == "id3 " || chunk.id == "ID3 ");
}

// AIFF's comments that belong to no marker.
void take_comments(const MetadataChunk& chunk, FieldMerge& fields) {
  ByteView left(chunk.body);
  for (std::uint16_t count = left.be16(); count > 0 && left.size() >= 8; --count) {
    left.take(4);
    const bool is_free = left.be16() == 0;
    const std::size_t length = left.be16();
    const std::string_view text = left.take(length);
    left.take(length % 2);
    if (is_free) fields.add_raw("COMMENT", text);
  }
}

bool is_printable(std::string_view id) {
  return std::ranges::all_of(id, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool holds_cue_points(const Metadata& metadata, ChunkFamily family) {
  const std::string_view id = family == ChunkFamily::riff ? "cue " : family == ChunkFamily::aiff ? "MARK" : "mark";
  return metadata.find(family, id) != nullptr;
}

std::string with_header(const MetadataChunk& chunk) {
  const std::string pad(chunk.family == ChunkFamily::caf ? 0 : chunk.body.size() % 2, '\0');
  return chunk_header(chunk.family, chunk.id, chunk.body.size()) + chunk.body + pad;
}

// Fields that ID3 takes; what is longer than tags may be is named.
Tags short_enough(const Tags& tags, std::vector<std::string>& dropped) {
  Tags clean, out;
  for (const auto& [name, value] : tags.fields) clean.add_raw(name, value);
  std::size_t bytes = 0;
  for (const auto& field : clean.fields) {
    if (bytes + field.second.size() > kMaxTagBytes) {
      dropped.push_back(field.first);
    } else {
      bytes += field.second.size();
      out.fields.push_back(field);
    }
  }
  return out;
}

}  // namespace

ChunkFamily family_of(Container container) {
  if (container == Container::aiff) return ChunkFamily::aiff;
  if (container == Container::caf) return ChunkFamily::caf;
  return container == Container::flac ? ChunkFamily::flac : ChunkFamily::riff;
}

bool is_structure(ChunkFamily family, std::string_view id) {
  static constexpr std::array<std::string_view, 7> kPadding = {"JUNK", "junk", "PAD ", "FLLR", "free", "filr", "Fake"};
  static constexpr std::array<std::string_view, 5> kRiff = {"fmt ", "data", "fact", "ds64", "RIFF"};
  static constexpr std::array<std::string_view, 5> kAiff = {"COMM", "SSND", "FVER", "CHAN", "FORM"};
  static constexpr std::array<std::string_view, 5> kCaf = {"desc", "data", "chan", "pakt", "kuki"};
  const auto& ids = family == ChunkFamily::riff ? kRiff : family == ChunkFamily::aiff ? kAiff : kCaf;
  return std::ranges::find(kPadding, id) != kPadding.end() || std::ranges::find(ids, id) != ids.end();
}

void take_chunks(std::vector<MetadataChunk> chunks, Tags& tags, Metadata& metadata, std::vector<std::string>& notes) {
  std::erase_if(chunks, [](const MetadataChunk& chunk) { return is_structure(chunk.family, chunk.id); });
  const auto is_info = [](const MetadataChunk& chunk) { return chunk.id == "LIST" && chunk.body.starts_with("INFO"); };
  const auto is_riff_id3 = [](const MetadataChunk& c) { return c.family == ChunkFamily::riff && is_id3(c); };
  metadata.has_text_in_id3_alone = std::ranges::any_of(chunks, is_riff_id3) && std::ranges::none_of(chunks, is_info);
  // The ID3 tag first: its fields are whole.
  for (const MetadataChunk& chunk : chunks) {
    if (is_id3(chunk)) take_id3_tag(chunk.body, tags, metadata, notes);
  }
  FieldMerge fields(tags);
  std::erase_if(chunks, [&](const MetadataChunk& chunk) { return is_id3(chunk) || take_text_chunk(chunk, fields); });
  FieldMerge comments(tags);
  for (MetadataChunk& chunk : chunks) {
    if (chunk.family == ChunkFamily::aiff && chunk.id == "COMT") take_comments(chunk, comments);
    if (is_printable(chunk.id)) {
      metadata.chunks.push_back(std::move(chunk));
    } else {
      notes.emplace_back("a chunk whose name is no text is not carried over");
    }
  }
}

void take_id3_tag(std::string_view body, Tags& tags, Metadata& metadata, std::vector<std::string>& notes) {
  Id3Tag tag = parse_id3_tag(body);
  notes.insert(notes.end(), tag.notes.begin(), tag.notes.end());
  FieldMerge fields(tags);
  TagFields said;  // a value may stand in two frames for two kinds of readers
  for (const Id3Frame& frame : tag.frames) {
    for (const auto& field : fields_of_frame(frame)) {
      if (frame.id != "UFID" || std::ranges::find(said, field) == said.end()) fields.add_raw(field.first, field.second);
      said.push_back(field);
    }
  }
  const std::size_t own = metadata.pictures.size();
  for (Picture& picture : tag.pictures) {
    const bool is_there =
        std::any_of(metadata.pictures.begin(), metadata.pictures.begin() + static_cast<std::ptrdiff_t>(own),
                    [&picture](const Picture& other) { return other.data == picture.data; });
    if (!is_there) metadata.pictures.push_back(std::move(picture));
  }
  metadata.frames.insert(metadata.frames.end(), tag.frames.begin(), tag.frames.end());
}

std::string chunk_header(ChunkFamily family, const std::string& id, std::uint64_t size) {
  if (family == ChunkFamily::caf) return id + be_bytes(size, 8);
  return id + (family == ChunkFamily::aiff ? be_bytes(size, 4) : le_bytes(size, 4));
}

std::vector<MetadataChunk> chunks_for(ChunkFamily family, const Metadata& metadata, const std::vector<CuePoint>& cues) {
  std::vector<MetadataChunk> chunks;
  for (const MetadataChunk& chunk : metadata.chunks) {
    const bool is_xml = (chunk.id == "iXML" || chunk.id == "axml") && family != ChunkFamily::caf &&
                        (chunk.family == ChunkFamily::riff || chunk.family == ChunkFamily::aiff);
    if (chunk.family != family && !is_xml) continue;
    chunks.push_back(chunk);
    chunks.back().family = family;
  }
  if (holds_cue_points(metadata, family)) return chunks;
  const auto more = family == ChunkFamily::riff   ? riff_cue_chunks(cues)
                    : family == ChunkFamily::aiff ? aiff_cue_chunks(cues)
                                                  : caf_cue_chunks(cues);
  chunks.insert(chunks.end(), more.begin(), more.end());
  return chunks;
}

ChunkBytes chunk_bytes(const AudioFormat& format, const Tags& tags, const Metadata& metadata) {
  ChunkBytes bytes;
  const CuedTags all = cued(tags, metadata, format.sample_rate_hz);
  const ChunkFamily family = family_of(format.container);
  const TextChunks text = make_text_chunks(format.container, all.tags);
  if (format.container == Container::w64) {
    bytes.dropped = text.dropped;
    return bytes;
  }
  for (const MetadataChunk& chunk : chunks_for(family, metadata, all.cues)) {
    const bool is_bext = family == ChunkFamily::riff && chunk.id == "bext";
    const bool is_first = is_bext && bytes.bext_at < 0;
    const bool is_in_front = chunk.is_before_audio && bytes.before.size() + chunk.body.size() <= kMostBefore;
    // libsndfile 1.2 reads no RF64 whose chunks before the sound are of odd length.
    const bool is_odd = chunk.body.size() % 2 != 0 && is_written_as_rf64(format);
    const bool is_before = is_first || (is_in_front && !is_odd);
    if (is_first) bytes.bext_at = static_cast<std::int64_t>(bytes.before.size()) + 8;
    (is_before ? bytes.before : bytes.after) += with_header(chunk);
  }
  const bool has_id3_alone = family == ChunkFamily::riff && metadata.has_text_in_id3_alone;
  if (!has_id3_alone) bytes.before += text.bytes;
  const bool needs_id3 =
      has_id3_alone || !text.dropped.empty() || !metadata.pictures.empty() || !metadata.frames.empty();
  if (family == ChunkFamily::caf) {
    bytes.dropped = text.dropped;
  } else if (needs_id3) {
    const Tags said = short_enough(all.tags, bytes.dropped);
    const std::string tag = make_id3_tag(frames_of_fields(said.fields, metadata.frames), metadata.pictures);
    const std::string id = family == ChunkFamily::aiff ? "ID3 " : "id3 ";
    if (!tag.empty()) bytes.after += with_header({family, id, tag, false});
  }
  return bytes;
}

}  // namespace lathe
