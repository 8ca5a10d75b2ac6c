// ID3v2 tags of versions 2.2, 2.3 and 2.4 taken apart into frames, and version 2.4 made of frames.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/metadata/metadata.h"

namespace lathe {

struct Id3Tag {
  std::vector<Id3Frame> frames;  // in the form of 2.4; pictures are not among them
  std::vector<Picture> pictures;
  std::vector<std::string> notes;  // what was there and could not be taken, in words for the report
};

constexpr std::size_t kId3HeaderBytes = 10;

// The whole tag's length by its header, or 0 where the bytes do not begin with one. Needs the first 10 bytes.
std::size_t id3_tag_bytes(std::string_view bytes);

// Takes what is whole of a tag that is damaged or cut, and at most 10,000 frames, and says so in the notes. Compressed
// and encrypted frames are left out with a note. Bytes behind the tag do not matter.
Id3Tag parse_id3_tag(std::string_view bytes);

// Frames of version 2.4 that stand in another frame.
std::vector<Id3Frame> parse_id3_frames(std::string_view bytes);

// Version 2.4 without unsynchronisation, padding or extended header. Empty for no frames and no pictures.
std::string make_id3_tag(const std::vector<Id3Frame>& frames, const std::vector<Picture>& pictures);

// Text as ID3v2 stores it behind its encoding byte (0 Latin-1, 1 UTF-16 with a mark, 2 UTF-16BE, 3 UTF-8), as UTF-8;
// its strings are parted by NUL, and those at the end are dropped where they are empty.
std::vector<std::string> id3_strings(int encoding, std::string_view bytes);

// Takes the first string off, with the NUL that ends it, still encoded.
std::string_view take_id3_string(int encoding, std::string_view& bytes);

}  // namespace lathe
