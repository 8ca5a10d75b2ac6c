// Places in the sound with a name: WAV's cue points, AIFF's and CAF's markers, chapters in Vorbis comments, the tracks
// of a FLAC cue sheet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

struct CuePoint {
  std::int64_t frame = 0;
  std::string label, note;  // UTF-8
  std::int64_t length = 0;  // in frames; 0 for a point
  bool operator==(const CuePoint&) const = default;
};

// Of the chunks of a container; where none has any, of a FLAC cue sheet.
std::vector<CuePoint> chunk_cues(const Metadata& metadata);

// These, and where there are none, the chapters of an ID3 tag.
std::vector<CuePoint> all_cues(const Metadata& metadata, int sample_rate_hz);

// The chunks of each family that say so. RIFF and AIFF hold frames below 2^32; AIFF labels are cut at 255 bytes.
std::vector<MetadataChunk> riff_cue_chunks(const std::vector<CuePoint>& cues);
std::vector<MetadataChunk> aiff_cue_chunks(const std::vector<CuePoint>& cues);
std::vector<MetadataChunk> caf_cue_chunks(const std::vector<CuePoint>& cues);

// "CHAPTER001" or "CHAPTER001NAME" (Vorbis comment chapter extension).
bool is_chapter_field(const std::string& name);
std::vector<CuePoint> chapter_cues(const Tags& tags, int sample_rate_hz);
// At most 999.
std::vector<std::pair<std::string, std::string>> chapter_fields(const std::vector<CuePoint>& cues, int sample_rate_hz);

// For a container with cue points: those of the chunks, or else the chapters, which then are no fields any more.
struct CuedTags {
  Tags tags;
  std::vector<CuePoint> cues;
};
CuedTags cued(const Tags& tags, const Metadata& metadata, int sample_rate_hz);

// Whether the chunk is one of those that hold nothing but cue points.
bool holds_cues(const MetadataChunk& chunk);

}  // namespace lathe
