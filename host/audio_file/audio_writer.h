// Writes interleaved, little-endian PCM bytes into a new audio file; the same input always gives the same file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/broadcast.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

class FrameSink;

struct WrittenAudio {
  std::int64_t bytes = 0;        // of the whole file
  std::string sha256;            // of the whole file, which was compared as it was written; FLAC: empty
  std::string payload_xxh3_128;  // FLAC: of the PCM bytes as they were given to write(); else empty
  std::string pcm_md5;           // FLAC: the MD5 in its STREAMINFO; else empty
  std::vector<std::string>
      dropped_tags;  // names the container has no place for, each once; "channel layout" among them
};

// Why a file of this format cannot be written ("FLAC holds no 32-bit float; choose bits: 16 or 24, or format: wav"), or
// an empty text if it can. Takes the size into account.
std::string unwritable_reason(const AudioFormat& format);

// Text goes into the container's own fields; what WAV and AIFF have none for, and pictures, into an ID3 tag with all of
// it. CAF holds text and markers, W64 neither. Chunks stay in their family of containers, and in FLAC. WAV up to 4 GB
// is plain RIFF, above it RF64. WAVE_FORMAT_EXTENSIBLE is used for more than two channels or a channel mask. FLAC is
// level 5, 8, 16 or 24 bits. valid_bits is not written.
class AudioWriter {
 public:
  // `fd` is an empty file open for reading and writing, which the caller keeps open and owns; `path` is for messages.
  // format.frames is a promise. Throws AudioFileError: unsupported (see unwritable_reason), disk_full, write_failed.
  AudioWriter(int fd, std::filesystem::path path, const AudioFormat& format, const Tags& tags,
              const Metadata& metadata = {});
  ~AudioWriter();  // without finish() the file is left unfinished
  AudioWriter(AudioWriter&&) noexcept;
  AudioWriter& operator=(AudioWriter&&) noexcept;

  // `frames` frames of frame_bytes(format) bytes. Throws disk_full, write_failed, std::invalid_argument (more frames
  // than promised).
  void write(const std::byte* interleaved, std::int64_t frames);

  // What a broadcast extension is to say of the loudness, where there is one. Before finish().
  void set_loudness(const BroadcastLoudness& loudness);

  // Completes the header. Throws as write() does, also if fewer frames came than were promised. Once only.
  WrittenAudio finish();

 private:
  int fd_ = -1;
  std::filesystem::path path_;
  AudioFormat format_;
  std::unique_ptr<FrameSink> sink_;
  std::int64_t written_ = 0;
};

}  // namespace lathe
