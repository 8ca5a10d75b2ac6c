// Appends bytes to a new file and reads them back at once, while they are near: what comes back other than it was
// written is an error there and then, and a finished file needs no second reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "host/audio_file/message_digest.h"

namespace lathe {

class ProvenWriter {
 public:
  // `fd` is an empty file open for reading and writing; `needed_bytes` is what a full disk is told to have room for.
  ProvenWriter(int fd, std::filesystem::path path, std::int64_t needed_bytes);

  // Throws AudioFileError: disk_full, write_failed.
  void put(const std::byte* from, std::size_t bytes);

  // Of all bytes put, in hexadecimal. Once only.
  std::string sha256() { return sha256_.hex(); }

 private:
  void prove(const std::byte* from, std::size_t bytes);

  int fd_;
  std::filesystem::path path_;
  std::int64_t needed_bytes_;
  std::int64_t at_ = 0;
  std::unique_ptr<std::byte[]> back_;
  MessageDigest sha256_;
};

}  // namespace lathe
