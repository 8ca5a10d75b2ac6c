// Which file systems count as network ones.
#include "scheduler/store/network_filesystem.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace lathe::scheduler {
namespace {

TEST(NetworkFilesystemTest, NfsSmbAndCifsAreNetworkAndLocalDisksAreNot) {
  for (std::uint32_t type : {0x6969u, 0x517Bu, 0xFE534D42u, 0xFF534D42u}) {
    EXPECT_TRUE(is_network_filesystem_type(type)) << std::hex << type;
  }
  for (std::uint32_t type : {0xEF53u /* ext4 */, 0x58465342u /* XFS */, 0x9123683Eu /* Btrfs */,
                             0x01021994u /* tmpfs */, 0x794C7630u /* overlay */}) {
    EXPECT_FALSE(is_network_filesystem_type(type)) << std::hex << type;
  }
}

TEST(NetworkFilesystemTest, AFolderThatIsNotThereYetIsJudgedByTheOneAboveIt) {
  EXPECT_FALSE(on_network_filesystem("/proc"));
  EXPECT_FALSE(on_network_filesystem("/proc/self/not/there/yet"));
  EXPECT_FALSE(on_network_filesystem("/dev/null/below/a/file"));
}

// Against the kernel's own list, wherever this runs.
TEST(NetworkFilesystemTest, EveryMountIsJudgedByItsType) {
  std::ifstream mounts("/proc/self/mounts");
  std::string line;
  int seen = 0;
  while (std::getline(mounts, line)) {
    std::istringstream fields(line);
    std::string device, point, type;
    fields >> device >> point >> type;
    const bool is_network =
        type.starts_with("nfs") || type == "cifs" || type == "smb3" || type == "9p" || type == "ceph";
    const bool is_plain = type == "ext4" || type == "xfs" || type == "btrfs" || type == "tmpfs" || type == "proc";
    if ((!is_network && !is_plain) || point.find('\\') != std::string::npos || !std::filesystem::exists(point))
      continue;
    EXPECT_EQ(on_network_filesystem(point), is_network) << line;
    ++seen;
  }
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace lathe::scheduler
