// The metadata of WAV, AIFF and CAF: from their chunks, and into the bytes before and behind the sound.
#pragma once

#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/cue_points.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

// W64 is read for its sound alone and has none.
ChunkFamily family_of(Container container);

// Whether such a chunk says what the format is, holds the sound or fills space: it is written anew or not at all.
bool is_structure(ChunkFamily family, std::string_view id);

// Sorts the chunks of a file, in their order and of one family: fields into `tags`, where those that are there stay as
// they are; the rest into `metadata`. `notes` gets what could not be read.
void take_chunks(std::vector<MetadataChunk> chunks, Tags& tags, Metadata& metadata, std::vector<std::string>& notes);

// The same of an ID3v2 tag: fields that are not there yet, pictures that are not, and all other frames.
void take_id3_tag(std::string_view tag, Tags& tags, Metadata& metadata, std::vector<std::string>& notes);

// Whole chunks with headers and padding, as a file holds them beside its format and its sound.
struct ChunkBytes {
  std::string before, after;         // the sound
  std::int64_t bext_at = -1;         // in `before`: the body of "bext"; negative: there is none
  std::vector<std::string> dropped;  // names of fields that are too long
};

// Text in the container's own chunks; where these cannot hold all of it, and for pictures, an ID3 tag with all fields
// beside them (not in CAF). Chunks of the family as they are; cue points of others and chapters as the family has them;
// iXML and axml go from RIFF to AIFF and back. W64: nothing.
ChunkBytes chunk_bytes(const AudioFormat& format, const Tags& tags, const Metadata& metadata);

// The chunks that such a file of that family would have beside its text.
std::vector<MetadataChunk> chunks_for(ChunkFamily family, const Metadata& metadata, const std::vector<CuePoint>& cues);

std::string chunk_header(ChunkFamily family, const std::string& id, std::uint64_t size);

}  // namespace lathe
