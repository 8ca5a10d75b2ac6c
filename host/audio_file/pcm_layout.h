// What the header of an uncompressed file promises: where the audio lies, how much of it, and in which shape.
#pragma once

#include <cstdint>
#include <vector>

#include "host/audio_file/chunk_walk.h"

namespace lathe {

// Where the samples lie in the file, and what has to be done to them.
struct StoredPcm {
  std::int64_t offset = 0;     // of the first sample's first byte
  bool is_big_endian = false;  // and has to be reversed
  bool is_signed_8 = false;    // and has to become offset binary
};

struct PcmLayout {
  AudioFormat format;  // frames as promised by the header; checked against nothing yet
  StoredPcm stored;
  std::int64_t data_bytes = 0;  // promised; for an open-ended file what there is
  bool is_open_ended = false;   // the size is unknown to the header: whatever is there, is the audio
  std::vector<Chunk> chunks;
};

// Throws AudioFileError: corrupt or truncated (no format or no audio chunk, or one that contradicts itself),
// unsupported (anything but uncompressed PCM and float), limits (channels, rate, metadata).
PcmLayout read_pcm_layout(const InputFile& file, Container container);

}  // namespace lathe
