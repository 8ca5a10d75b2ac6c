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
  for (std::size_t done = 0; done < bytes; done += kStep) {
    const std::size_t step = std::min(kStep, bytes - done);
    prove(from + done, step, at_);
    at_ += static_cast<std::int64_t>(step);
  }
  sha256_.update(from, bytes);
}

void ProvenWriter::put_over(std::int64_t at, std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t put = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, at + static_cast<off_t>(done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail_write(path_, put == 0 ? ENOSPC : errno, needed_bytes_);
    done += static_cast<std::size_t>(put);
  }
  prove(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), at);
  is_put_over_ = true;
}

std::string ProvenWriter::sha256() {
  if (!is_put_over_) return sha256_.hex();
  MessageDigest again(MessageDigest::Kind::sha256);
  for (std::int64_t at = 0; at < at_;) {
    const std::size_t got = read_back(static_cast<std::size_t>(std::min<std::int64_t>(kStep, at_ - at)), at);
    if (got == 0) {
      throw AudioFileError(AudioFileError::Fault::write_failed, path_,
                           fmt::format("became shorter than its {} bytes while it was written", at_));
    }
    again.update(back_.get(), got);
    at += static_cast<std::int64_t>(got);
  }
  return again.hex();
}

std::size_t ProvenWriter::read_back(std::size_t bytes, std::int64_t at) {
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t got = ::pread(fd_, back_.get() + have, bytes - have, at + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw AudioFileError(AudioFileError::Fault::write_failed, path_,
                           fmt::format("cannot be read back at byte {}: {}", at, std::strerror(errno)));
    }
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

void ProvenWriter::prove(const std::byte* from, std::size_t bytes, std::int64_t at) {
  const std::size_t have = read_back(bytes, at);
  if (have < bytes || std::memcmp(from, back_.get(), bytes) != 0) {
    throw AudioFileError(
        AudioFileError::Fault::write_failed, path_,
        fmt::format("does not read back as written from byte {} on: check the disk and run again", at));
  }
}

}  // namespace lathe
