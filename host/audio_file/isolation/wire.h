// What Lathe and a decoder say to each other: framed messages over a stream socket, with bounded texts and numbers.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/audio_file/file_descriptor.h"

namespace lathe::isolation {

enum class Kind : std::uint32_t {
  // To the decoder.
  open = 1,  // the file's descriptor; container, MD5, size, path
  begin,     // a FLAC file's ring's descriptor: decode it all, into that
  room,      // frames were taken from the ring
  // From it.
  header,     // what the file says it is
  fault,      // an AudioFileError: fault, reason
  frames,     // some are in the ring
  end,        // all are, and every check was passed
  forbidden,  // a system call was trapped: its number
  aborted     // the library ended itself
};

// What a child may say at most: 64 MiB of metadata, and the texts in it once more, which grow when they become UTF-8.
constexpr std::uint32_t kMostMessageBytes = 320U << 20;

struct Head {
  Kind kind{};
  std::uint32_t bytes = 0;
};

struct Message {
  Kind kind{};
  std::string body;
};

// The message is not one.
class WireError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Packer {
 public:
  Packer& number(std::int64_t value);
  Packer& text(std::string_view text);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Throws WireError where what is asked for is not there.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : left_(bytes) {}
  std::int64_t number();
  std::int64_t number_between(std::int64_t least, std::int64_t most);
  std::string text();
  std::string readable();  // for people and reports: a text that is UTF-8
  // How many things follow, each of `least_bytes` or more.
  std::size_t count(std::size_t least_bytes);
  void expect_end() const;

 private:
  std::string_view left_;
};

enum class Patience { waits, refuses };

// False when the other end is gone, or (`refuses`) does not read. `fd` goes along with the message if it is 0 or more.
bool send_message(int socket, Kind kind, std::string_view body = {}, int fd = -1, Patience patience = Patience::waits);

enum class Received { message, nothing_in_time, end };

// Waits `timeout_ms` for each next piece, or for ever if it is negative. Throws WireError for a message above the
// limit. A descriptor that came along is put into `fd`; of several all but the last are closed.
Received receive_message(int socket, int timeout_ms, Message& message, FileDescriptor* fd = nullptr);

}  // namespace lathe::isolation
