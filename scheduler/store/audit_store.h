// What `lathe audit` remembers, in a SQLite file of its own: files by their identity, measurements by their samples.
// Facts and records are opaque here. One thread at a time; any number of processes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "scheduler/store/file_stamp.h"
#include "scheduler/store/sqlite_database.h"

namespace lathe::scheduler {

// A file that was read, and what its samples gave.
struct AuditedFile {
  std::string path;
  FileStamp stamp;
  std::string facts;
  std::string payload, setup;  // what the measurement is known by
  std::string record;          // empty: the measurement is there already
};

// Views hold until the store is used again.
struct KnownFile {
  FileStamp stamp;
  std::string_view facts;
  std::string_view setup, record;  // of the measurement used last; empty when it is gone
  std::int64_t used_day = 0;
};

class AuditStore {
 public:
  // Opens or makes the file and brings its schema up to date. Waits for other processes for up to a second, now and
  // later. Throws StoreError, as all below.
  AuditStore(const std::string& path, std::int64_t now_ms);

  // Calls `use(const KnownFile&)` for the file of this path, and says whether there is one.
  // Quickest for paths that come in their order.
  template <class Use>
  bool find_file(std::string_view path, Use use) {
    if (!move_to(path)) return false;
    use(known_file(*cursor_));
    return true;
  }

  std::optional<std::string> find_measurement(std::string_view payload, std::string_view setup);

  // All of them or, when it throws, none. A file whose measurement turns out to be gone is left out.
  void remember(std::span<const AuditedFile> files, std::int64_t today);

  // The files were used today.
  void touch(std::span<const std::string> paths, std::int64_t today);

  // Once a week: forgets what was not used for 180 days, and the older part of what is above `most_bytes`. The file
  // does not shrink; its room is used again.
  void prune(std::int64_t today, std::int64_t most_bytes);

 private:
  // One snapshot serves many look-ups: each costs SQLite some calls of the system.
  void read_on();
  void end_reading();
  bool move_to(std::string_view path);
  static KnownFile known_file(const Query& row);
  std::int64_t used_bytes();

  Database database_;
  std::optional<Transaction> snapshot_;
  int reads_ = 0;                // of this snapshot
  std::optional<Query> cursor_;  // on a file, by path; none: nowhere
};

}  // namespace lathe::scheduler
