// The process that decoders are forked from: started before Lathe has threads, files or a GPU, so that none of these
// are in a decoder.
#pragma once

namespace lathe::isolation {

// Forks it; `socket` (SEQPACKET) is its end of the line to this process and closed here. Each packet there is an order
// for one child and brings two descriptors: the child's socket, and the one on which the nursery writes how the child
// ended (a waitpid() status) once it has; when the other end of that is closed or shut down, the child is killed.
// Throws std::system_error, std::runtime_error.
void fork_nursery(int socket);

}  // namespace lathe::isolation
