// Excerpts as audio files in memory: FLAC or WAV by Lathe's own writers, Opus by a program that is there.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "kernels/audio.h"

namespace lathe {

enum class AbCodec { flac, wav, opus };

std::string_view mime_type(AbCodec codec);  // "audio/flac"

// Opus, and neither opusenc nor ffmpeg can be run or does it.
class EncoderFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// 16 bits with TPDF dither (the same for the same samples). The row stride of `audio` is a multiple of 16; its samples
// become what was written. Throws EncoderFailed, AudioFileError, std::system_error.
std::vector<std::byte> encoded(MutableAudioView audio, int sample_rate_hz, AbCodec codec);

}  // namespace lathe
