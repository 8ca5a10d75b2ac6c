// The lock on an output folder that lies in the folder itself: whoever writes there meets it, whatever else they share.
#pragma once

#include <filesystem>
#include <optional>
#include <set>

#include "host/audio_file/file_descriptor.h"

namespace lathe {

// OUT_DIR/.lathe/run.lock, held by flock: the system drops it when the process ends, however it ends. Goes with the
// object, and with it the folders that were made for it and are still empty.
class FolderLock {
 public:
  // Makes the folder if it is not there. Nothing if another holder has it. Where no lock can be kept (a folder that may
  // not be written, a file system without locks) what is returned holds none: whoever writes there says what is wrong.
  static std::optional<FolderLock> take(const std::filesystem::path& out_dir);

  FolderLock(FolderLock&& other) noexcept = default;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

  bool is_held() const { return fd_.is_open(); }

 private:
  explicit FolderLock(const std::filesystem::path& out_dir);
  // Makes the file's folder; false if that cannot be done.
  bool make_folders();

  std::filesystem::path file_;
  std::set<std::filesystem::path> made_;  // the folders that were not there
  FileDescriptor fd_;
};

// Removes the lock file that a killed process left in OUT_DIR/.lathe, if nobody holds it.
void remove_abandoned_lock(const std::filesystem::path& out_dir);

}  // namespace lathe
