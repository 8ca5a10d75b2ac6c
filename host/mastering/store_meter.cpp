#include "host/mastering/store_meter.h"

#include <algorithm>

#include "host/mastering/output_writer.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"

namespace lathe {

LoudnessReading measure_store(FrameStore& track, const AudioFormat& format, MeterDepth depth,
                              const std::function<void()>& check) {
  LoudnessMeter meter({static_cast<double>(format.sample_rate_hz),
                       channel_weights(format.channels, format.channel_mask, format.speakers), depth.true_peak,
                       depth.trace, track.frames(), depth.trace_memory});
  for (std::int64_t done = 0; done < track.frames(); done += BlockBuffers::kFrames) {
    check();
    meter.take(track.read(done, std::min(BlockBuffers::kFrames, track.frames() - done)));
  }
  meter.finish();
  return meter.take_reading();
}

}  // namespace lathe
