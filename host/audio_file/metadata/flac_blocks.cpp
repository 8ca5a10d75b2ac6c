#include "host/audio_file/metadata/flac_blocks.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "host/audio_file/byte_order.h"
#include "host/audio_file/metadata/byte_view.h"
#include "host/audio_file/metadata/chunk_files.h"
#include "host/audio_file/metadata/cue_points.h"
#include "host/audio_file/metadata/flac_cue_sheet.h"
#include "host/audio_file/metadata/picture.h"
#include "host/audio_file/pcm_header.h"
#include "host/audio_file/text_encoding.h"

namespace lathe {
namespace {

constexpr std::size_t kMostBlockBytes = (1 << 24) - 1;
constexpr std::size_t kIdBytes = 4;

FlacBlock picture_block(const Picture& given) {
  Picture picture = given;
  FlacBlock block = new_flac_block(FLAC__METADATA_TYPE_PICTURE);
  FLAC__StreamMetadata_Picture& to = block->data.picture;
  to.type = static_cast<FLAC__StreamMetadata_Picture_Type>(picture.type);
  to.width = static_cast<std::uint32_t>(picture.width);
  to.height = static_cast<std::uint32_t>(picture.height);
  to.depth = static_cast<std::uint32_t>(picture.depth);
  to.colors = static_cast<std::uint32_t>(picture.colors);
  std::string description = picture.description;
  auto* data = reinterpret_cast<FLAC__byte*>(const_cast<char*>(picture.data.data()));  // copied
  const bool is_mime = std::ranges::all_of(picture.mime, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!is_mime) picture.mime.clear();
  if (!::FLAC__metadata_object_picture_set_mime_type(block.get(), picture.mime.data(), true) ||
      !::FLAC__metadata_object_picture_set_description(block.get(), reinterpret_cast<FLAC__byte*>(description.data()),
                                                       true) ||
      !::FLAC__metadata_object_picture_set_data(block.get(), data, static_cast<std::uint32_t>(picture.data.size()),
                                                true))
    throw std::bad_alloc();
  return block;
}

// libFLAC takes one file icon, of 32 by 32 pixels in PNG, and one other icon.
int type_that_fits(const Picture& picture, std::array<bool, 3>& has_icon) {
  if (picture.type != 1 && picture.type != 2) return picture.type;
  const bool is_icon = picture.mime == "image/png" && picture.width == 32 && picture.height == 32;
  int type = picture.type == 1 && (!is_icon || has_icon[1]) ? 2 : picture.type;
  if (has_icon[static_cast<std::size_t>(type)]) type = 0;
  has_icon[static_cast<std::size_t>(type)] = true;
  return type;
}

FlacBlock application_block(std::string_view id, const std::string& data) {
  FlacBlock block = new_flac_block(FLAC__METADATA_TYPE_APPLICATION);
  std::memcpy(block->data.application.id, id.data(), kIdBytes);
  std::string copy = data;
  if (!::FLAC__metadata_object_application_set_data(block.get(), reinterpret_cast<FLAC__byte*>(copy.data()),
                                                    static_cast<std::uint32_t>(copy.size()), true))
    throw std::bad_alloc();
  return block;
}

std::string whole_chunk(const MetadataChunk& chunk) {
  return chunk_header(chunk.family, chunk.id, chunk.body.size()) + chunk.body +
         std::string(chunk.body.size() % 2, '\0');
}

// A file of the family around the chunks, without its samples, in the pieces that flac(1) makes of one: the head, each
// chunk, the head of the audio, the chunks behind it.
std::vector<std::string> foreign_pieces(const AudioFormat& format, const std::vector<MetadataChunk>& chunks) {
  AudioFormat outer = format;
  const bool is_aiff = chunks.front().family == ChunkFamily::aiff;
  outer.container = is_aiff ? Container::aiff : Container::wav;
  std::string before, after;
  std::vector<std::string> behind;
  for (const MetadataChunk& chunk : chunks) {
    if (chunk.is_before_audio)
      before += whole_chunk(chunk);
    else
      behind.push_back(whole_chunk(chunk));
  }
  for (const std::string& chunk : behind) after += chunk;
  const std::string head = pcm_frame(outer, before, after.size());
  std::vector<std::string> pieces = {head.substr(0, 12)};
  const std::string_view audio = is_aiff ? "SSND" : "data";
  for (std::size_t at = 12; at + 8 <= head.size();) {
    if (std::string_view(head).substr(at, 4) == audio) {
      pieces.push_back(head.substr(at));
      break;
    }
    const auto* size_at = reinterpret_cast<const std::byte*>(head.data() + at + 4);
    const std::size_t size = is_aiff ? load_be32(size_at) : load_le<std::uint32_t>(size_at);
    pieces.push_back(head.substr(at, 8 + size + size % 2));
    at += pieces.back().size();
  }
  pieces.insert(pieces.end(), behind.begin(), behind.end());
  return pieces;
}

std::vector<MetadataChunk> foreign_chunks(const Metadata& metadata) {
  const bool is_aiff =
      std::ranges::any_of(metadata.chunks, [](const MetadataChunk& c) { return c.family == ChunkFamily::aiff; });
  if (is_aiff) return chunks_for(ChunkFamily::aiff, metadata, {});
  const bool is_caf = metadata.find(ChunkFamily::caf, "mark") != nullptr;
  return chunks_for(ChunkFamily::riff, metadata, is_caf ? chunk_cues(metadata) : std::vector<CuePoint>());
}

void add_foreign_blocks(const AudioFormat& format, const Metadata& metadata, std::vector<FlacBlock>& blocks,
                        std::vector<std::string>& dropped) {
  std::vector<MetadataChunk> chunks = foreign_chunks(metadata);
  std::erase_if(chunks, [&dropped](const MetadataChunk& chunk) {
    const bool is_too_long = chunk.body.size() + kIdBytes + 9 > kMostBlockBytes;
    if (is_too_long) dropped.push_back(chunk_name(chunk));
    return is_too_long;
  });
  if (chunks.empty()) return;
  const std::string_view id = chunks.front().family == ChunkFamily::aiff ? "aiff" : "riff";
  for (const std::string& piece : foreign_pieces(format, chunks)) blocks.push_back(application_block(id, piece));
}

}  // namespace

FlacBlock new_flac_block(FLAC__MetadataType type) {
  FlacBlock block(::FLAC__metadata_object_new(type));
  if (!block) throw std::bad_alloc();
  return block;
}

void FlacBlockReader::take(const FLAC__StreamMetadata& block) {
  if (block.type == FLAC__METADATA_TYPE_PICTURE) {
    const FLAC__StreamMetadata_Picture& from = block.data.picture;
    Picture picture;
    picture.type = from.type <= 20 ? static_cast<int>(from.type) : 0;
    picture.mime = utf8_from_unknown(from.mime_type == nullptr ? "" : from.mime_type).text;
    if (from.description != nullptr)
      picture.description = utf8_from_unknown(reinterpret_cast<const char*>(from.description)).text;
    picture.width = static_cast<int>(from.width & INT32_MAX);
    picture.height = static_cast<int>(from.height & INT32_MAX);
    picture.depth = static_cast<int>(from.depth & INT32_MAX);
    picture.colors = static_cast<int>(from.colors & INT32_MAX);
    if (from.data != nullptr) picture.data = std::string(reinterpret_cast<const char*>(from.data), from.data_length);
    if (!picture.data.empty()) pictures_.push_back(std::move(picture));
  } else if (block.type == FLAC__METADATA_TYPE_CUESHEET) {
    own_.push_back({ChunkFamily::flac, "CUESHEET", cue_sheet_bytes(block.data.cue_sheet), true});
  } else if (block.type == FLAC__METADATA_TYPE_APPLICATION && block.length >= kIdBytes) {
    const auto& from = block.data.application;
    const std::string_view id(reinterpret_cast<const char*>(from.id), kIdBytes);
    const std::size_t size = from.data == nullptr ? 0 : block.length - kIdBytes;
    take_application(id, {reinterpret_cast<const char*>(from.data), size});
  }
}

void FlacBlockReader::take_application(std::string_view id, std::string_view data) {
  const bool is_text = std::ranges::all_of(id, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (id == "riff") {
    take_foreign(ChunkFamily::riff, data);
  } else if (id == "aiff") {
    take_foreign(ChunkFamily::aiff, data);
  } else if (is_text && id != "w64 ") {
    own_.push_back({ChunkFamily::flac, std::string(id), std::string(data), true});
  } else {
    notes_.emplace_back(is_text ? "the kept chunks of a W64 file are not carried over"
                                : "an APPLICATION block whose name is no text is not carried over");
  }
}

void FlacBlockReader::take_foreign(ChunkFamily family, std::string_view data) {
  ByteView left(data);
  const std::string id(left.take(4));
  if (id == "RIFF" || id == "RF64" || id == "FORM") return;
  const std::uint32_t size = family == ChunkFamily::aiff ? left.be32() : left.le32();
  if (id == "data" || id == "SSND") is_before_audio_ = false;
  if (id.size() == kIdBytes) foreign_.push_back({family, id, std::string(left.take(size)), is_before_audio_});
}

void FlacBlockReader::finish(Tags& tags, Metadata& metadata, std::vector<std::string>& notes) {
  std::erase_if(tags.fields, [this](const auto& field) {
    if (field.first != "METADATA_BLOCK_PICTURE") return false;
    auto picture = picture_from_comment(field.second);
    if (picture) pictures_.push_back(std::move(*picture));
    return picture.has_value();
  });
  metadata.pictures = std::move(pictures_);
  metadata.chunks = std::move(own_);
  take_chunks(std::move(foreign_), tags, metadata, notes);
  notes.insert(notes.end(), notes_.begin(), notes_.end());
}

std::vector<FlacBlock> make_flac_blocks(const AudioFormat& format, const Metadata& metadata,
                                        std::vector<std::string>& dropped) {
  std::vector<FlacBlock> blocks;
  for (const MetadataChunk& chunk : metadata.chunks) {
    if (chunk.family != ChunkFamily::flac) continue;
    const bool is_sheet = chunk.id == "CUESHEET";
    FlacBlock block = is_sheet                                          ? cue_sheet_block(chunk.body)
                      : chunk.body.size() + kIdBytes <= kMostBlockBytes ? application_block(chunk.id, chunk.body)
                                                                        : nullptr;
    if (block)
      blocks.push_back(std::move(block));
    else
      dropped.push_back(chunk_name(chunk));
  }
  std::array<bool, 3> has_icon{};
  for (const Picture& picture : metadata.pictures) {
    if (picture.data.size() + picture.description.size() + picture.mime.size() + 32 > kMostBlockBytes) {
      dropped.push_back(picture_name(picture));
      continue;
    }
    Picture fitting = picture;
    fitting.type = type_that_fits(fitting, has_icon);
    blocks.push_back(picture_block(fitting));
  }
  add_foreign_blocks(format, metadata, blocks, dropped);
  return blocks;
}

Tags flac_fields(const Tags& tags, const Metadata& metadata, int sample_rate_hz) {
  Tags out = tags;
  const bool has_chapters =
      std::ranges::any_of(tags.fields, [](const auto& field) { return is_chapter_field(field.first); });
  // A cue sheet stays one.
  const bool has_sheet = metadata.find(ChunkFamily::flac, "CUESHEET") != nullptr;
  const bool has_foreign = std::ranges::any_of(metadata.chunks, holds_cues);
  if (has_chapters || (has_sheet && !has_foreign)) return out;
  for (auto& field : chapter_fields(all_cues(metadata, sample_rate_hz), sample_rate_hz))
    out.fields.push_back(std::move(field));
  return out;
}

std::int64_t find_flac_bext(int fd) {
  std::int64_t at = 4;
  for (bool is_last = false; !is_last;) {
    std::array<std::byte, 12> head{};
    const ssize_t got = ::pread(fd, head.data(), head.size(), at);
    if (got < 4) return -1;
    const std::uint32_t word = load_be32(head.data());
    is_last = (word >> 31) != 0;
    const bool is_application = ((word >> 24) & 0x7f) == FLAC__METADATA_TYPE_APPLICATION;
    if (is_application && got == 12 && std::memcmp(&head[4], "riffbext", 8) == 0) return at + 4 + 4 + 8;
    at += 4 + (word & 0xffffff);
  }
  return -1;
}

}  // namespace lathe
