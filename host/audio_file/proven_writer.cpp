#include "host/audio_file/proven_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/frame_sink.h"

namespace lathe {
namespace {

constexpr std::size_t kStep = 32 << 10;  // stays in the first-level cache

}  // namespace

ProvenWriter::ProvenWriter(int fd, std::filesystem::path path, std::int64_t needed_bytes)
    : fd_(fd),
      path_(std::move(path)),
      needed_bytes_(needed_bytes),
      back_(std::make_unique_for_overwrite<std::byte[]>(kStep)),
      sha256_(MessageDigest::Kind::sha256) {}

void ProvenWriter::put(const std::byte* from, std::size_t bytes) {
  write_all(fd_, from, bytes, path_, needed_bytes_);
  for (std::size_t done = 0; done < bytes; done += kStep) prove(from + done, std::min(kStep, bytes - done));
  sha256_.update(from, bytes);
}

void ProvenWriter::prove(const std::byte* from, std::size_t bytes) {
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t got = ::pread(fd_, back_.get() + have, bytes - have, at_ + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw AudioFileError(AudioFileError::Fault::write_failed, path_,
                           fmt::format("cannot be read back at byte {}: {}", at_, std::strerror(errno)));
    }
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  if (have < bytes || std::memcmp(from, back_.get(), bytes) != 0) {
    throw AudioFileError(
        AudioFileError::Fault::write_failed, path_,
        fmt::format("does not read back as written from byte {} on: check the disk and run again", at_));
  }
  at_ += static_cast<std::int64_t>(bytes);
}

}  // namespace lathe
