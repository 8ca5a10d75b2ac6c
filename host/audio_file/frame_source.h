// What AudioReader stands on: one open file that gives its frames as little-endian PCM bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/input_file.h"
#include "host/audio_file/metadata/metadata.h"
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
  // Passes over so many frames, or to the end; here by reading them.
  virtual void skip(std::int64_t frames);
  virtual void rewind() = 0;

  AudioFormat format;
  Tags tags;
  Metadata metadata;
  std::vector<std::string> notes;
  StoredPcm stored;  // of all containers but FLAC
};

// Where the blocks of a FLAC file go that are decoded on and on, for another process to take.
class BlockOutlet {
 public:
  virtual ~BlockOutlet() = default;
  // Room for a block of so many bytes, in which 8 bytes more may be overwritten; null where it can never be had in one
  // piece.
  virtual std::byte* room(std::size_t bytes) = 0;
  // The first bytes of that room are frames.
  virtual void publish(std::size_t bytes) = 0;
  // Frames that had no room in one piece.
  virtual void append(const std::byte* frames, std::size_t bytes) = 0;
};

// A FLAC file that can be decoded without anybody asking for frames.
class FlacFrames : public FrameSource {
 public:
  // From the first frame to the last, and then the checks of the end. Throws as read() does, at the same frame with the
  // same words. Nothing else may be called any more.
  virtual void decode_all(BlockOutlet& outlet) = 0;
};

// Both borrow `file`, which must outlive them, and throw AudioFileError as AudioReader does.
std::unique_ptr<FrameSource> open_pcm_source(const InputFile& file, Container container);
std::unique_ptr<FlacFrames> open_flac_source(const InputFile& file, Md5 md5);

// The samples of a plain file whose header was read elsewhere: `header` says where they lie, and how many.
std::unique_ptr<FrameSource> pcm_source_at(const InputFile& file, const FrameSource& header);

// Throws limits unless 1 to 24 channels at 8000 to 384000 Hz.
void check_limits(const InputFile& file, std::int64_t channels, std::int64_t sample_rate_hz);

// Throws truncated: "header promises N frames, the file holds M".
[[noreturn]] void fail_truncated(const InputFile& file, std::int64_t promised, std::int64_t held);

}  // namespace lathe
