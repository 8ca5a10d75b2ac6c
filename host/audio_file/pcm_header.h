// The bytes around the samples of an uncompressed file, complete from the start because the length is promised.
#pragma once

#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

struct PcmHeader {
  std::string bytes;                 // everything before the first sample
  std::string trailer;               // everything behind the last, and pcm_padding(format) zero bytes
  std::int64_t bext_at = -1;         // of the file: the body of "bext"; negative: there is none
  std::vector<std::string> dropped;  // tags without a place, and "channel layout"
};

// WAV above 4 GB becomes RF64; WAVE_FORMAT_EXTENSIBLE is used for more than two channels or a mask. AIFF is big-endian
// (AIFF-C for float), CAF little-endian. AIFF whose metadata would take it above 4 GB goes without pictures and chunks.
PcmHeader make_pcm_header(const AudioFormat& format, const Tags& tags, const Metadata& metadata);

// Whether a WAV file of this format is RF64 whatever its metadata.
bool is_written_as_rf64(const AudioFormat& format);

// The same with whole chunks given: `before` before the sound and, behind it and its padding, `behind` bytes.
std::string pcm_frame(const AudioFormat& format, const std::string& before, std::uint64_t behind);

// 1 where chunks are padded to even sizes and the samples' bytes are odd, else 0.
int pcm_padding(const AudioFormat& format);

// 8-bit samples are two's complement in AIFF and CAF, offset binary elsewhere.
bool is_stored_signed_8(const AudioFormat& format);
bool is_stored_big_endian(const AudioFormat& format);

}  // namespace lathe
