// Protobuf messages over a socket between a worker's supervisor and an executor: each after its length in 4 bytes,
// little-endian.
#pragma once

#include <google/protobuf/message_lite.h>

#include <mutex>
#include <vector>

#include "host/audio_file/file_descriptor.h"

namespace lathe::scheduler {

class MessagePipe {
 public:
  explicit MessagePipe(FileDescriptor fd) : fd_(std::move(fd)) {}

  // From any thread. False: the other end is gone.
  bool send(const google::protobuf::MessageLite& message);

  // From one thread. Waits; false: the other end is gone, or sent what is no message.
  bool receive(google::protobuf::MessageLite& message);

  // Both directions end; a receive that waits returns false.
  void shut_down();

 private:
  FileDescriptor fd_;
  std::mutex sending_;
  std::vector<char> received_;
};

}  // namespace lathe::scheduler
