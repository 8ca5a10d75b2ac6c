// Ctrl-C and TERM: the first lets go of the work in hand, the second ends the program at once.
#pragma once

#include <atomic>

namespace lathe::cli {

// From now on signals set this; SIGPIPE becomes a failed write.
const std::atomic<bool>& watch_interrupts();

}  // namespace lathe::cli
