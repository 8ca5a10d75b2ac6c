// The bytes before the samples of an uncompressed file, complete from the start because the length is promised.
#pragma once

#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/tags.h"

namespace lathe {

struct PcmHeader {
  std::string bytes;                 // everything before the first sample
  std::vector<std::string> dropped;  // tags without a place, and "channel layout"
};

// WAV above 4 GB becomes RF64; WAVE_FORMAT_EXTENSIBLE is used for more than two channels or a mask. AIFF is big-endian
// (AIFF-C for float), CAF little-endian. After the samples comes pcm_padding(format) zero bytes and nothing else.
PcmHeader make_pcm_header(const AudioFormat& format, const Tags& tags);

// 1 where chunks are padded to even sizes and the samples' bytes are odd, else 0.
int pcm_padding(const AudioFormat& format);

// 8-bit samples are two's complement in AIFF and CAF, offset binary elsewhere.
bool is_stored_signed_8(const AudioFormat& format);
bool is_stored_big_endian(const AudioFormat& format);

}  // namespace lathe
