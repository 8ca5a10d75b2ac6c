#include "host/audio_file/isolation/metadata_wire.h"

#include <algorithm>

namespace lathe::isolation {
namespace {

constexpr int kMostPictureType = 20;
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kNumberBytes = 8;  // what a number takes, and the shortest text
constexpr std::string_view kCueSheet = "CUESHEET";

// Of a frame or a chunk: it ends up in headers and in reports.
std::string chunk_id(Unpacker& unpacker) {
  std::string id = unpacker.text();
  const bool is_plain = std::ranges::all_of(id, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!is_plain || (id.size() != kIdBytes && id != kCueSheet)) throw WireError("a chunk's name is none");
  return id;
}

Picture unpack_picture(Unpacker& unpacker) {
  Picture picture;
  picture.type = static_cast<int>(unpacker.number_between(0, kMostPictureType));
  picture.mime = unpacker.readable();
  picture.description = unpacker.readable();
  for (int* number : {&picture.width, &picture.height, &picture.depth, &picture.colors})
    *number = static_cast<int>(unpacker.number_between(0, INT32_MAX));
  picture.data = unpacker.text();
  return picture;
}

MetadataChunk unpack_chunk(Unpacker& unpacker) {
  MetadataChunk chunk;
  chunk.family = static_cast<ChunkFamily>(unpacker.number_between(0, static_cast<int>(ChunkFamily::flac)));
  chunk.id = chunk_id(unpacker);
  chunk.is_before_audio = unpacker.number_between(0, 1) == 1;
  chunk.body = unpacker.text();
  return chunk;
}

}  // namespace

void pack_metadata(Packer& packer, const Metadata& metadata) {
  packer.number(static_cast<std::int64_t>(metadata.pictures.size()));
  for (const Picture& p : metadata.pictures) {
    packer.number(p.type).text(p.mime).text(p.description);
    packer.number(p.width).number(p.height).number(p.depth).number(p.colors).text(p.data);
  }
  packer.number(static_cast<std::int64_t>(metadata.frames.size()));
  for (const Id3Frame& frame : metadata.frames) packer.text(frame.id).text(frame.body);
  packer.number(static_cast<std::int64_t>(metadata.chunks.size()));
  for (const MetadataChunk& c : metadata.chunks)
    packer.number(static_cast<int>(c.family)).text(c.id).number(c.is_before_audio ? 1 : 0).text(c.body);
  packer.number(metadata.has_text_in_id3_alone ? 1 : 0);
}

Metadata unpack_metadata(Unpacker& unpacker) {
  Metadata metadata;
  metadata.pictures.resize(unpacker.count(8 * kNumberBytes));
  for (Picture& picture : metadata.pictures) picture = unpack_picture(unpacker);
  metadata.frames.resize(unpacker.count(2 * kNumberBytes));
  for (Id3Frame& frame : metadata.frames) {
    frame.id = chunk_id(unpacker);
    frame.body = unpacker.text();
  }
  metadata.chunks.resize(unpacker.count(4 * kNumberBytes));
  for (MetadataChunk& chunk : metadata.chunks) chunk = unpack_chunk(unpacker);
  metadata.has_text_in_id3_alone = unpacker.number_between(0, 1) == 1;
  return metadata;
}

}  // namespace lathe::isolation
