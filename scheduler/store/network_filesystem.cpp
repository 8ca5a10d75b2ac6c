#include "scheduler/store/network_filesystem.h"

#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

namespace lathe::scheduler {

bool is_network_filesystem_type(std::uint32_t type) {
  constexpr std::array<std::uint32_t, 11> kNetworkTypes{
      0x00006969,  // NFS
      0x0000517B,  // SMB
      0xFE534D42,  // SMB2
      0xFF534D42,  // CIFS
      0x5346414F,  // AFS (OpenAFS)
      0x6B414653,  // AFS (Linux)
      0x01021997,  // 9P
      0x00C36400,  // Ceph
      0x0BD00BD0,  // Lustre
      0x47504653,  // GPFS
      0x19830326,  // BeeGFS
  };
  return std::find(kNetworkTypes.begin(), kNetworkTypes.end(), type) != kNetworkTypes.end();
}

bool on_network_filesystem(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path probe = std::filesystem::absolute(path, ignored);
  for (;;) {
    struct statfs info {};
    if (statfs(probe.c_str(), &info) == 0) return is_network_filesystem_type(static_cast<std::uint32_t>(info.f_type));
    if ((errno != ENOENT && errno != ENOTDIR) || !probe.has_relative_path()) return false;
    probe = probe.parent_path();
  }
}

}  // namespace lathe::scheduler
