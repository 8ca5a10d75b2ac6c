// Files with metadata, put together and taken apart by hand, so that Lathe's own readers and writers are not their own
// judges.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/cli/workspace.h"

namespace lathe::test {

using FieldList = std::vector<std::pair<std::string, std::string>>;
struct RawChunk {
  std::string id, body;
  bool operator==(const RawChunk&) const = default;
};

std::string little(std::uint64_t value, int bytes);
std::string big(std::uint64_t value, int bytes);

// Chunks of a RIFF or RF64 file, or (is_big) of an AIFF file, in their order; of the sound only the header.
std::vector<RawChunk> chunks_of(std::string_view file, bool is_big = false);
// The body of the first such chunk, or an empty text.
std::string chunk_named(const std::vector<RawChunk>& chunks, std::string_view id, std::string_view begins_with = "");
// Puts chunks behind those of a plain WAV or AIFF file and sets its length.
std::string with_chunks(std::string file, const std::vector<RawChunk>& chunks, bool is_big = false);

struct FlacBlockBytes {
  int type;
  std::string body;
};
std::vector<FlacBlockBytes> flac_blocks_of(std::string_view file);
// With these blocks behind STREAMINFO in the place of all others.
std::string with_flac_blocks(std::string_view file, const std::vector<FlacBlockBytes>& blocks);
std::string comment_block(const FieldList& fields);
FieldList comments_in(std::string_view block);
std::string picture_block(int type, const std::string& mime, const std::string& description, const std::string& data);

// A tag of version 2.4 of frames in UTF-8.
std::string id3_tag_of(const std::vector<RawChunk>& frames);
std::vector<RawChunk> id3_frames_of(std::string_view tag);
// The texts of text frames, comments and lyrics, without their descriptions.
std::vector<std::string> id3_values(const std::vector<RawChunk>& frames);

}  // namespace lathe::test
