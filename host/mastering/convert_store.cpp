#include "host/mastering/convert_store.h"

#include <algorithm>

#include "host/audio_file/sample_rate_converter.h"

namespace lathe {

void convert_store(FrameStore& from, int from_hz, FrameStore& to, int to_hz, const std::function<void()>& check) {
  constexpr std::int64_t kBlock = 65536;
  SampleRateConverter converter(from_hz, to_hz, from.channels(), from.frames());
  const auto keep = [&to](AudioView frames) { to.append(frames); };
  for (std::int64_t done = 0; done < from.frames(); done += kBlock) {
    check();
    converter.take(from.read(done, std::min(kBlock, from.frames() - done)), keep);
  }
  converter.finish(keep);
}

}  // namespace lathe
