// Tells whether a path lies on a network file system, where SQLite's WAL must not be: its shared memory is one
// machine's.
#pragma once

#include <cstdint>
#include <string>

namespace lathe::scheduler {

// True for NFS, SMB, CIFS, AFS, 9P, Ceph, Lustre, GPFS and BeeGFS. Of a path that does not exist yet, the nearest
// folder above it is asked. False if nothing can be found out. FUSE counts as local: it does not say what is behind it.
bool on_network_filesystem(const std::string& path);

// The same for the number that statfs(2) reports as f_type.
bool is_network_filesystem_type(std::uint32_t type);

}  // namespace lathe::scheduler
