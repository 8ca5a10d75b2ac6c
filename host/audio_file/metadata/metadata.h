// What a file holds beside its sound and its text fields: pictures, ID3 frames, and chunks as they came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/metadata/shared_bytes.h"

namespace lathe {

struct Picture {
  int type = 3;  // as in ID3v2's APIC and FLAC: 0 other, 3 front cover, to 20
  std::string mime;
  std::string description;               // UTF-8
  int width = 0, height = 0, depth = 0;  // in pixels, and bits a pixel; 0 where nobody said
  int colors = 0;                        // of a palette
  SharedBytes data;
  bool operator==(const Picture&) const = default;
};

// One frame of an ID3v2 tag in the form of version 2.4, without its header: unsynchronisation and flags undone.
struct Id3Frame {
  std::string id;  // four characters
  std::string body;
  bool operator==(const Id3Frame&) const = default;
};

// Whose chunks they are. FLAC's own are its CUESHEET block, under that id, and APPLICATION blocks, under theirs.
enum class ChunkFamily { riff, aiff, caf, flac };

struct MetadataChunk {
  ChunkFamily family = ChunkFamily::riff;
  std::string id;
  std::string body;  // without header and padding
  bool is_before_audio = true;
  bool operator==(const MetadataChunk&) const = default;
};

struct Metadata {
  std::vector<Picture> pictures;
  std::vector<Id3Frame> frames;       // all but pictures; text frames are fields of the Tags as well
  std::vector<MetadataChunk> chunks;  // all but the format's, the sound's, the text's and the ID3 tag's
  // A RIFF file kept its text in an ID3 tag and not in LIST INFO. So will a new one: ffmpeg reads the former only where
  // the latter is not.
  bool has_text_in_id3_alone = false;
  bool is_empty() const { return pictures.empty() && frames.empty() && chunks.empty(); }
  bool operator==(const Metadata&) const = default;

  // The first of the family with that id, or null.
  const MetadataChunk* find(ChunkFamily family, std::string_view id) const;
};

// What its pictures, frames and chunks take.
std::int64_t byte_count(const Metadata& metadata);

// SHA-256 of all of it, in hexadecimal: what equals it, is written alike.
std::string metadata_digest(const Metadata& metadata);

// "PICTURE (front cover, image/png, 120 KiB)".
std::string picture_name(const Picture& picture);
// "iXML chunk", "LIST adtl chunk", "APPLICATION block 'abcd'", "CUESHEET".
std::string chunk_name(const MetadataChunk& chunk);
bool is_adtl(const MetadataChunk& chunk);

}  // namespace lathe
