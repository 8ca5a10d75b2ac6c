// An executor: the child process of a worker in which tracks are read and mastered. If a track brings it down, that is
// one attempt of one track; the supervisor starts another.
#pragma once

namespace lathe::scheduler {

// Speaks with the supervisor over the socket `fd` until that ends. Returns the process's exit code.
int run_executor(int fd);

}  // namespace lathe::scheduler
