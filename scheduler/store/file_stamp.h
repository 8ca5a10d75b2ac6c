// What tells without reading it that a file is as it was.
#pragma once

#include <cstdint>

namespace lathe::scheduler {

// What a file's bytes cannot change without, unless somebody sets the machine's clock. All 0: not known. The device is
// no part of it: network and removable disks get another number at each mount.
struct FileStamp {
  std::int64_t size_bytes = 0, mtime_ns = 0, ctime_ns = 0, inode = 0;
  bool operator==(const FileStamp&) const = default;
};

}  // namespace lathe::scheduler
