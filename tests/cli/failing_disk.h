// Disks that are too small or fail, for one test.
#pragma once

#include <map>
#include <string>

#include "tests/cli/workspace.h"

namespace lathe::test {

// A file system of its own in memory, of a size of its own, mounted on a folder until the object goes.
class SmallDisk {
 public:
  // `folder` is made if need be. Where the test may not mount, `absence()` says so and nothing is there.
  SmallDisk(fs::path folder, const std::string& size);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& absence() const { return absence_; }
  void resize(const std::string& size) const;
  // Writes a file into it until there is no room for another byte, and removes it.
  void fill() const;
  void make_room() const;

 private:
  fs::path folder_;
  std::string absence_;
};

// A program whose disk does not sync, as long as it is broken; see tests/support/failing_sync.cpp.
class FailingSync {
 public:
  // In `folder`; `files`: a pattern of fnmatch(3) for whole paths.
  FailingSync(fs::path folder, std::string files);
  // Why programs of this build cannot have it; empty if they can.
  static std::string absence();

  std::map<std::string, std::string> environment() const;
  void break_disk() const;
  void mend_disk() const;
  int failures() const;
  // What a power cut would leave of the files, by their names.
  fs::path kept() const { return folder_ / "kept"; }

 private:
  fs::path folder_;
  std::string files_;
};

}  // namespace lathe::test
