// A file in the making: written under a hidden name, and given its final name in one step when it is whole.
#pragma once

#include <filesystem>

#include "host/audio_file/file_descriptor.h"

namespace lathe {

// Of an output folder: what is on its way there lies in it. Gone when nothing is.
inline constexpr const char* kStagingFolder = ".lathe";

enum class Replace { refuse, allow };

// Lives as OUT_DIR/.lathe/NAME.part. Its destructor removes it unless it was published, and the .lathe folder if that
// is then empty. A process that is killed leaves its staged file behind for remove_abandoned().
class StagedFile {
 public:
  // Creates OUT_DIR (with parents) and the staged file in it, readable and writable. `final_path` must lie inside
  // `out_dir` (else std::invalid_argument); nothing is created there yet. Throws AudioFileError: disk_full,
  // write_failed.
  StagedFile(const std::filesystem::path& out_dir, std::filesystem::path final_path);
  ~StagedFile();
  StagedFile(StagedFile&& other) noexcept;
  StagedFile& operator=(StagedFile&& other) noexcept;

  int fd() const { return fd_.get(); }
  const std::filesystem::path& path() const { return path_; }  // where the bytes are now: the final path once published
  const std::filesystem::path& final_path() const { return final_path_; }
  bool is_published() const { return is_published_; }

  // Puts the bytes on the disk, so that publish() has only the name left to do. Throws as publish() does.
  void sync();

  // Puts the bytes on the disk, then the name: creates the folders, syncs, renames, syncs the folder. The file is
  // closed afterwards. Throws AudioFileError: disk_full; write_failed, also when the final name exists and replacing is
  // refused.
  void publish(Replace policy);

 private:
  void remove() noexcept;

  std::filesystem::path final_path_;
  std::filesystem::path path_;
  FileDescriptor fd_;
  bool is_synced_ = false;
  bool is_published_ = false;
};

// Removes the staged files under `out_dir` that no living process holds, and the lock of one that was killed. Returns
// how many files; never throws for one it cannot remove.
int remove_abandoned(const std::filesystem::path& out_dir);

}  // namespace lathe
