// What AudioReader stands on: one open file that gives its frames as little-endian PCM bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/input_file.h"
#include "host/audio_file/pcm_layout.h"
#include "host/audio_file/tags.h"

namespace lathe {

class FrameSource {
 public:
  FrameSource() = default;
  virtual ~FrameSource() = default;
  FrameSource(const FrameSource&) = delete;
  FrameSource& operator=(const FrameSource&) = delete;

  virtual std::int64_t read(std::byte* interleaved, std::int64_t frames) = 0;
  virtual void rewind() = 0;

  AudioFormat format;
  Tags tags;
  std::vector<std::string> notes;
};

// Both borrow `file`, which must outlive them, and throw AudioFileError as AudioReader does.
std::unique_ptr<FrameSource> open_pcm_source(const InputFile& file, Container container);
std::unique_ptr<FrameSource> open_flac_source(const InputFile& file, Md5 md5);

// Throws limits unless 1 to 24 channels at 8000 to 384000 Hz.
void check_limits(const InputFile& file, std::int64_t channels, std::int64_t sample_rate_hz);

// Throws truncated: "header promises N frames, the file holds M".
[[noreturn]] void fail_truncated(const InputFile& file, std::int64_t promised, std::int64_t held);

}  // namespace lathe
