#include "host/audio_file/isolation/decoder_fault.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

namespace lathe::isolation {

void misbehave_if_asked(std::string_view path) {
  const char* asked = std::getenv("LATHE_DECODER_FAULT");
  if (asked == nullptr) return;
  const std::string_view order(asked);
  const std::size_t colon = order.find(':');
  if (colon != std::string_view::npos && path.find(order.substr(colon + 1)) == std::string_view::npos) return;
  const std::string_view what = order.substr(0, colon);
  if (what == "crash") {
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
  } else if (what == "spin") {
    for (volatile unsigned turns = 0;;) turns = turns + 1;
  } else if (what == "fork") {
    if (::fork() == 0) ::_exit(0);
  } else if (what == "socket") {
    ::socket(AF_INET, SOCK_STREAM, 0);
  } else if (what == "open") {
    ::open("/etc/passwd", O_RDONLY);
  } else if (what == "memory") {
    std::vector<std::string> hoard;
    for (;;) hoard.emplace_back().reserve(std::size_t{64} << 20);
  }
}

}  // namespace lathe::isolation
