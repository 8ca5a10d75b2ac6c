// Appends bytes to a new file and reads them back at once, while they are near: what comes back other than it was
// written is an error there and then, and a finished file needs no second reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "host/audio_file/message_digest.h"

namespace lathe {

class ProvenWriter {
 public:
  // `fd` is an empty file open for reading and writing; `needed_bytes` is what a full disk is told to have room for.
  ProvenWriter(int fd, std::filesystem::path path, std::int64_t needed_bytes);

  // Throws AudioFileError: disk_full, write_failed.
  void put(const std::byte* from, std::size_t bytes);

  // Puts bytes over such that were put. For these few sha256() reads the whole file again.
  void put_over(std::int64_t at, std::string_view bytes);

  // Of all bytes of the file, in hexadecimal. Once only. Throws write_failed.
  std::string sha256();

 private:
  void prove(const std::byte* from, std::size_t bytes, std::int64_t at);
  std::size_t read_back(std::size_t bytes, std::int64_t at);

  int fd_;
  std::filesystem::path path_;
  std::int64_t needed_bytes_;
  std::int64_t at_ = 0;
  std::unique_ptr<std::byte[]> back_;
  MessageDigest sha256_;
  bool is_put_over_ = false;
};

}  // namespace lathe
