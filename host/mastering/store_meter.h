// The loudness of a track that is kept, where no pass has just measured it.
#pragma once

#include <functional>
#include <memory>

#include "host/audio_file/audio_file.h"
#include "host/mastering/frame_store.h"
#include "kernels/loudness/loudness_reading.h"

namespace lathe {

struct MeterDepth {
  bool true_peak = false;
  bool trace = false;
  std::shared_ptr<TraceMemory> trace_memory = nullptr;  // null: the heap
};

// `format` names the rate and the channels' places. `check` is called for every block that is read; it may throw.
LoudnessReading measure_store(FrameStore& track, const AudioFormat& format, MeterDepth depth,
                              const std::function<void()>& check);

}  // namespace lathe
