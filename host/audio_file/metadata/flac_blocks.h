// The metadata of FLAC: PICTURE, CUESHEET and APPLICATION blocks, and what flac(1) keeps of other containers in the
// latter ("riff", "aiff": foreign metadata).
#pragma once

#include <FLAC/metadata.h>

#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

struct FlacBlockDeleter {
  void operator()(FLAC__StreamMetadata* block) const { ::FLAC__metadata_object_delete(block); }
};
using FlacBlock = std::unique_ptr<FLAC__StreamMetadata, FlacBlockDeleter>;

// Throws std::bad_alloc.
FlacBlock new_flac_block(FLAC__MetadataType type);

// Collects the blocks of one file in their order.
class FlacBlockReader {
 public:
  void take(const FLAC__StreamMetadata& block);

  // Joins what was taken to the file's comments. Pictures in comments become pictures.
  void finish(Tags& tags, Metadata& metadata, std::vector<std::string>& notes);

 private:
  void take_application(std::string_view id, std::string_view data);
  void take_foreign(ChunkFamily family, std::string_view data);

  std::vector<Picture> pictures_;
  std::vector<MetadataChunk> own_, foreign_;
  std::vector<std::string> notes_;
  bool is_before_audio_ = true;  // of the foreign container
};

// All blocks of a new file but its seek table and comments. Chunks of RIFF or AIFF are kept as flac(1) does with
// --keep-foreign-metadata, with the frame of a file of this format around them. `dropped` gets what FLAC cannot hold.
std::vector<FlacBlock> make_flac_blocks(const AudioFormat& format, const Metadata& metadata,
                                        std::vector<std::string>& dropped);

// The fields that go into comments: those there are, and chapters for cue points that come from another container.
Tags flac_fields(const Tags& tags, const Metadata& metadata, int sample_rate_hz);

// Where the body of a kept "bext" chunk begins in a finished FLAC file; negative: there is none.
std::int64_t find_flac_bext(int fd);

}  // namespace lathe
