// Memory in unnamed files of the spool folder. What has been looked at does not stay: every few hundredths of a second
// the pages go back to the system's page cache, from where a second look gets them, so that what a process holds of
// an array hangs on how fast it goes through it and not on how long it is.
#pragma once

#include <filesystem>
#include <memory>

#include "kernels/trace_vector.h"

namespace lathe {

// Of one spool folder. Its take() reserves the room on the disk and throws std::system_error when there is none; small
// arrays are kept on the heap. Null for an empty path.
std::shared_ptr<TraceMemory> spool_memory(const std::filesystem::path& spool_dir);

}  // namespace lathe
