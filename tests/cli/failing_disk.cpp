#include "tests/cli/failing_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace lathe::test {

SmallDisk::SmallDisk(fs::path folder, const std::string& size) : folder_(std::move(folder)) {
  fs::create_directories(folder_);
  if (::mount("small-disk", folder_.c_str(), "tmpfs", 0, ("mode=0777,size=" + size).c_str()) != 0)
    absence_ = std::string("a small disk cannot be mounted here: ") + std::strerror(errno);
}

SmallDisk::~SmallDisk() {
  if (absence_.empty()) ::umount2(folder_.c_str(), MNT_DETACH);
}

void SmallDisk::resize(const std::string& size) const {
  ASSERT_EQ(::mount("small-disk", folder_.c_str(), "tmpfs", MS_REMOUNT, ("size=" + size).c_str()), 0)
      << std::strerror(errno);
}

void SmallDisk::fill() const {
  const int fd = ::open((folder_ / "ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  ASSERT_GE(fd, 0);
  const std::string block(4096, 'x');
  while (::write(fd, block.data(), block.size()) > 0) {
  }
  EXPECT_EQ(errno, ENOSPC);
  ::close(fd);
}

void SmallDisk::make_room() const { fs::remove(folder_ / "ballast"); }

FailingSync::FailingSync(fs::path folder, std::string files) : folder_(std::move(folder)), files_(std::move(files)) {
  fs::create_directories(kept());
}

std::string FailingSync::absence() {
  const bool is_sanitized = std::string_view(LATHE_SANITIZED) != "";
  return is_sanitized ? "a sanitizer wants to be the first library of a program" : "";
}

std::map<std::string, std::string> FailingSync::environment() const {
  return {{"LD_PRELOAD", LATHE_FAILING_SYNC},
          {"FAILING_SYNC_FILES", files_},
          {"FAILING_SYNC_SWITCH", (folder_ / "broken").string()},
          {"FAILING_SYNC_LOG", (folder_ / "failures").string()},
          {"FAILING_SYNC_KEEP", kept().string()}};
}

void FailingSync::break_disk() const { spill(folder_ / "broken", ""); }
void FailingSync::mend_disk() const { fs::remove(folder_ / "broken"); }

int FailingSync::failures() const {
  if (!fs::exists(folder_ / "failures")) return 0;
  const std::string lines = slurp(folder_ / "failures");
  return static_cast<int>(std::ranges::count(lines, '\n'));
}

}  // namespace lathe::test
