// A regular file opened for reading, with its path for messages; the only way audio bytes enter the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/file_descriptor.h"

namespace lathe {

class InputFile {
 public:
  // Throws AudioFileError: not_found, unreadable (also for folders, pipes and devices).
  explicit InputFile(std::filesystem::path path);
  // A file that another process opened, which says how long it is; the path is for messages.
  InputFile(FileDescriptor fd, std::int64_t size, std::filesystem::path path)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  int fd() const { return fd_.get(); }
  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }  // bytes, as they were when the file was opened

  // Up to `bytes` bytes from `offset`; fewer only at the end of the file. Throws unreadable.
  std::size_t read_at(std::int64_t offset, std::byte* into, std::size_t bytes) const;

  // Tells the system that the whole file will be read soon, front to back.
  void advise_will_need() const;

  [[noreturn]] void fail(AudioFileError::Fault fault, const std::string& reason) const {
    throw AudioFileError(fault, path_, reason);
  }

 private:
  std::filesystem::path path_;
  FileDescriptor fd_;
  std::int64_t size_ = 0;
};

}  // namespace lathe
