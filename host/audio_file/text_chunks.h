// Text tags as the uncompressed containers keep them: RIFF's LIST-INFO, AIFF's text chunks, CAF's information chunk.
#pragma once

#include <string>
#include <vector>

#include "host/audio_file/chunk_walk.h"
#include "host/audio_file/tags.h"

namespace lathe {

// Adds what `chunks` hold to `tags`. Throws limits (one such chunk above 4 MiB).
void read_text_chunks(const InputFile& file, Container container, const std::vector<Chunk>& chunks, Tags& tags);

struct TextChunks {
  std::string bytes;                 // whole chunks, headers and padding included; may be empty
  std::vector<std::string> dropped;  // names of fields the container has no place for
};

// WAV and RF64 keep the fields INFO has names for, AIFF title, artist, copyright and comments, CAF all, W64 none. Only
// AIFF comments may have several values.
TextChunks make_text_chunks(Container container, const Tags& tags);

}  // namespace lathe
