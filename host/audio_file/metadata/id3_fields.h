// ID3v2 frames as fields under Vorbis-comment names, and back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

using TagFields = std::vector<std::pair<std::string, std::string>>;

// What the frame says in words; empty for frames that hold something else (PRIV, GEOB, POPM, SYLT …).
TagFields fields_of_frame(const Id3Frame& frame);

// Frames that say all of `fields`, in their order. Of `as_they_came` those are kept as they are that say nothing else;
// frames without fields always.
std::vector<Id3Frame> frames_of_fields(const TagFields& fields, const std::vector<Id3Frame>& as_they_came);

// Fields in the one form that tags of all containers come back in: "3/12" of tracks and discs taken apart.
TagFields canonical_fields(const TagFields& fields);

}  // namespace lathe
