#include "host/audio_file/metadata/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host/audio_file/isolation/metadata_wire.h"
#include "host/audio_file/message_digest.h"

namespace lathe {
namespace {

// ID3v2.4, section 4.14.
constexpr std::array<std::string_view, 21> kPictureTypes = {"other",
                                                            "file icon",
                                                            "other file icon",
                                                            "front cover",
                                                            "back cover",
                                                            "leaflet page",
                                                            "media",
                                                            "lead artist",
                                                            "artist",
                                                            "conductor",
                                                            "band",
                                                            "composer",
                                                            "lyricist",
                                                            "recording location",
                                                            "during recording",
                                                            "during performance",
                                                            "video capture",
                                                            "bright coloured fish",
                                                            "illustration",
                                                            "artist logo",
                                                            "publisher logo"};

std::string trimmed(std::string_view id) { return std::string(id.substr(0, id.find_last_not_of(' ') + 1)); }

}  // namespace

const MetadataChunk* Metadata::find(ChunkFamily family, std::string_view id) const {
  const auto found =
      std::ranges::find_if(chunks, [&](const MetadataChunk& c) { return c.family == family && c.id == id; });
  return found == chunks.end() ? nullptr : &*found;
}

std::int64_t byte_count(const Metadata& metadata) {
  std::size_t bytes = 0;
  for (const Picture& picture : metadata.pictures) bytes += picture.data.size();
  for (const Id3Frame& frame : metadata.frames) bytes += frame.body.size();
  for (const MetadataChunk& chunk : metadata.chunks) bytes += chunk.body.size();
  return static_cast<std::int64_t>(bytes);
}

std::string metadata_digest(const Metadata& metadata) {
  isolation::Packer packer;
  isolation::pack_metadata(packer, metadata);
  MessageDigest digest(MessageDigest::Kind::sha256);
  digest.update(reinterpret_cast<const std::byte*>(packer.bytes().data()), packer.bytes().size());
  return digest.hex();
}

namespace {

// A damaged file's names may be any bytes, and what is said of them is text.
std::string shown(std::string text) {
  for (char& c : text)
    if (c < 0x20 || c > 0x7e) c = '?';
  return text;
}

}  // namespace

std::string picture_name(const Picture& picture) {
  const auto type = static_cast<std::size_t>(picture.type);
  const std::size_t kib = (picture.data.size() + 1023) / 1024;
  return fmt::format("PICTURE ({}, {}, {} KiB)", type < kPictureTypes.size() ? kPictureTypes[type] : "other",
                     picture.mime.empty() ? "unknown type" : shown(picture.mime), kib);
}

bool is_adtl(const MetadataChunk& chunk) {
  return chunk.family == ChunkFamily::riff && chunk.id == "LIST" && chunk.body.starts_with("adtl");
}

std::string chunk_name(const MetadataChunk& chunk) {
  if (chunk.family == ChunkFamily::flac)
    return chunk.id == "CUESHEET" ? chunk.id : fmt::format("APPLICATION block '{}'", shown(chunk.id));
  if (chunk.id == "LIST" && chunk.body.size() >= 4)
    return fmt::format("LIST {} chunk", shown(trimmed(chunk.body.substr(0, 4))));
  return shown(trimmed(chunk.id)) + " chunk";
}

}  // namespace lathe
