// Lathe's end of one decoder: its socket, and where its end is told.
#pragma once

#include <filesystem>
#include <string_view>

#include "host/audio_file/file_descriptor.h"
#include "host/audio_file/isolation/decoder_error.h"
#include "host/audio_file/isolation/wire.h"

namespace lathe::isolation {

// The child goes with the object.
class ChildLink {
 public:
  ChildLink(FileDescriptor socket, FileDescriptor obituary)
      : socket_(std::move(socket)), obituary_(std::move(obituary)) {}

  // Whether it waits for an order as it should: alive, and with nothing to say.
  bool is_idle() const;

  // Both throw DecoderDied and IsolationFailed, with `path` as the file that the child is busy with; receive() also
  // AudioFileError, where that is what the child says.
  void send(const std::filesystem::path& path, Kind kind, std::string_view body = {}, int fd = -1);
  Message receive(const std::filesystem::path& path, int longest_ms);

  // The child broke the rules of this conversation.
  [[noreturn]] static void fail_nonsense(const std::filesystem::path& path, const char* what);

 private:
  [[noreturn]] void fail_ended(const std::filesystem::path& path);

  FileDescriptor socket_, obituary_;
};

}  // namespace lathe::isolation
