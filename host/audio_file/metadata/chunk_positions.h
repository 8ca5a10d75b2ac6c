// Chunks that count in frames, at another rate.
#pragma once

#include "host/audio_file/metadata/metadata.h"

namespace lathe {

// Scales the frames in "cue ", "LIST adtl", "smpl", "plst", "cart", MARK, CAF's "mark" and CUESHEET; other chunks stay
// as they are. False where the chunk counts in frames and could not be scaled: it is untrue at the new rate.
bool scale_positions(MetadataChunk& chunk, int from_hz, int to_hz);

}  // namespace lathe
