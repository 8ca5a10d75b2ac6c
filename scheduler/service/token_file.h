// The tokens of people and programs: a file of lines "NAME ROLE SHA256 [EXPIRES]", read again whenever it changes. The
// tokens themselves are in no file: only their hashes are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "scheduler/service/caller.h"

namespace lathe::scheduler {

class TokenFile {
 public:
  // Throws std::runtime_error with the line and what is wrong with it.
  explicit TokenFile(std::filesystem::path path);

  // Nothing: unknown or expired at `now_ms`. A file that has become wrong keeps what it said before.
  std::optional<Caller> find(const std::string& token, std::int64_t now_ms);

 private:
  struct Entry {
    Caller caller;
    std::int64_t expires_ms = 0;  // 0: never
  };
  std::map<std::string, Entry> read() const;
  void read_again();

  const std::filesystem::path path_;
  std::mutex mutex_;
  std::filesystem::file_time_type read_at_;
  std::map<std::string, Entry> entries_;  // by hash
};

}  // namespace lathe::scheduler
