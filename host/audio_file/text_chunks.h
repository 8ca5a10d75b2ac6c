// Text tags as the uncompressed containers keep them: RIFF's LIST-INFO, AIFF's text chunks, CAF's information chunk.
#pragma once

#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/field_merge.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

// Adds what the chunk holds, if it is one of text; else false.
bool take_text_chunk(const MetadataChunk& chunk, FieldMerge& fields);

struct TextChunks {
  std::string bytes;                 // whole chunks, headers and padding included; may be empty
  std::vector<std::string> dropped;  // names of fields the container has no place for
};

// WAV and RF64 keep the fields INFO has names for, and those that came from it without one (IXYZ), AIFF title, artist,
// copyright and comments, CAF all, W64 none. Only AIFF comments may have several values.
TextChunks make_text_chunks(Container container, const Tags& tags);

}  // namespace lathe
