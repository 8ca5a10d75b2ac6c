#include "kernels/chain/first_pass.h"

#include <cstring>

namespace lathe {

// What is read from the host's memory in a row goes as a file would.
void FirstPass::take_planes(AudioView frames) {
  for (std::int64_t first = 0; first < frames.frames;) {
    std::int64_t count = frames.frames - first;
    std::byte* bytes = room(count);
    for (int c = 0; c < frames.channels; ++c) {
      const float* row = frames.channel(c) + first;
      for (std::int64_t n = 0; n < count; ++n)
        std::memcpy(bytes + (n * frames.channels + c) * static_cast<std::int64_t>(sizeof(float)), row + n,
                    sizeof(float));
    }
    take(count);
    first += count;
  }
}

}  // namespace lathe
