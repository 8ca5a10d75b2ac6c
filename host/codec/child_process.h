// Programs that are not Lathe's, run as children: no shell, no descriptor of Lathe's but the three they are given.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/audio_file/file_descriptor.h"

namespace lathe {

// What the child finds as its standard input, output and error; -1 is /dev/null. Borrowed.
struct ChildFiles {
  int in = -1, out = -1, error = -1;
};

struct ChildLimits {
  std::int64_t cpu_s = 60;                // of processor time
  std::int64_t memory_bytes = 4LL << 30;  // of addresses
  std::int64_t file_bytes = 64LL << 20;   // that it may write into one file; pipes have no limit
};

class ChildProcess {
 public:
  // command[0] is looked for in PATH. The limits are there when this returns, before anything can have been fed to it.
  // Throws std::system_error: no_such_file_or_directory where there is none.
  ChildProcess(std::vector<std::string> command, const ChildFiles& files, const ChildLimits& limits = {});
  // Kills it, if it still runs, and waits for that.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Once: its exit code, or minus the signal that ended it. One that has not ended by then is killed.
  int wait(std::chrono::milliseconds longest);

 private:
  pid_t pid_ = -1;
};

// The two ends of a pipe, neither of them 0, 1 or 2, and closed in every child. Throws std::system_error.
struct Pipe {
  Pipe();
  FileDescriptor read, write;
};

// A file without a name, in memory. Throws std::system_error.
FileDescriptor memory_file(const char* name);

// All that lies in the file, up to `most` bytes. Throws std::system_error.
std::string contents_of(int fd, std::size_t most);

// What a program says on its standard output when it is run without input; empty where it cannot be run, does not end
// in 20 s, or ends badly.
std::optional<std::string> said_by(std::vector<std::string> command);

}  // namespace lathe
