// What AudioWriter stands on: one new file that takes frames as little-endian PCM bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/broadcast.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

class FrameSink {
 public:
  FrameSink() = default;
  virtual ~FrameSink() = default;
  FrameSink(const FrameSink&) = delete;
  FrameSink& operator=(const FrameSink&) = delete;

  virtual void write(const std::byte* interleaved, std::int64_t frames) = 0;
  virtual void finish() = 0;

  std::optional<BroadcastLoudness> loudness;  // set before finish(): for a broadcast extension
  std::vector<std::string> dropped_tags;
  std::string pcm_md5;           // FLAC only
  std::string payload_xxh3_128;  // where the samples are packed: proven by unpacking
  std::string sha256;            // where each byte was proven as it was written

 protected:
  void drop(const std::string& name);  // into dropped_tags, once
};

std::unique_ptr<FrameSink> make_pcm_sink(int fd, const std::filesystem::path& path, const AudioFormat& format,
                                         const Tags& tags, const Metadata& metadata);
std::unique_ptr<FrameSink> make_flac_sink(int fd, const std::filesystem::path& path, const AudioFormat& format,
                                          const Tags& tags, const Metadata& metadata);

// Writes all bytes or calls fail_write.
void write_all(int fd, const std::byte* from, std::size_t bytes, const std::filesystem::path& path,
               std::int64_t needed_bytes);

// The bytes of audio in the finished file before compression.
inline std::int64_t payload_bytes(const AudioFormat& format) { return format.frames * frame_bytes(format); }

// True for what a disk that fails, a file server that is away or a mount that has gone stale answers.
bool is_storage_error(int error_number);

// Throws disk_full for "no space", quota and file size limit, with what is needed and what is there; storage_failed for
// what is_storage_error() knows; else write_failed.
[[noreturn]] void fail_write(const std::filesystem::path& path, int error_number, std::int64_t needed_bytes);

// Tag values above this in sum are dropped and named.
constexpr std::size_t kMaxTagBytes = 1 << 20;

}  // namespace lathe
