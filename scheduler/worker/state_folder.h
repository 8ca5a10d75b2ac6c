// The folder where Lathe keeps what it knows between runs, and the lock that keeps two runs off one output folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/audio_file/file_descriptor.h"
#include "host/audio_file/folder_lock.h"

namespace lathe::scheduler {

// The one given, else LATHE_STATE_DIR, else $XDG_STATE_HOME/lathe, else ~/.local/state/lathe. Made if it is not there.
// Throws std::runtime_error that says what to do when it cannot be made, or lies on a network file system.
std::filesystem::path state_folder(const std::optional<std::string>& given);

// Held by the run that writes into an output folder; the system drops it when the process ends, however it ends. It is
// two: one in the state folder, which is always there, and one in the output folder, where that can hold it, for runs
// with other state folders.
class OutputLock {
 public:
  // Throws std::runtime_error when another run holds it.
  OutputLock(const std::filesystem::path& state, const std::filesystem::path& out_dir);

 private:
  FileDescriptor fd_;
  std::optional<FolderLock> there_;
};

}  // namespace lathe::scheduler
