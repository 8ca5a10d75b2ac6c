// Opening and reading with the system's errors in words.
#include "host/audio_file/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace lathe {

using Fault = AudioFileError::Fault;

InputFile::InputFile(std::filesystem::path path) : path_(std::move(path)) {
  // Non-blocking, so that a named pipe is refused below and does not hang here.
  fd_ = FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd_.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) fail(Fault::not_found, "there is no such file");
    fail(Fault::unreadable, fmt::format("cannot be opened: {}", std::strerror(errno)));
  }
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) fail(Fault::unreadable, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail(Fault::unreadable, "is a folder, not an audio file");
  if (!S_ISREG(status.st_mode)) fail(Fault::unreadable, "is not a regular file; copy its contents into one first");
  size_ = status.st_size;
  ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

std::size_t InputFile::read_at(std::int64_t offset, std::byte* into, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(fd_.get(), into + done, bytes - done, offset + static_cast<std::int64_t>(done));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      fail(Fault::unreadable, fmt::format("cannot be read at byte {}: {}", offset, std::strerror(errno)));
    }
  }
  return done;
}

void InputFile::advise_will_need() const { ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_WILLNEED); }

}  // namespace lathe
