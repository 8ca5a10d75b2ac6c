// A stage of the chain where the samples lie in a device's memory: from a window of rows to a shorter one.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/block/row_window.h"
#include "kernels/stage_account.h"

namespace lathe {

// The window that comes in is halo_frames() longer at either end than the one that goes out, and what lies outside a
// track is silent in both. The same window gives the same bits, whatever else is in the batch.
//
// Most stages are a pure function of the window. One whose state runs through a track (a compressor) is a function of
// the windows so far: they come in order from the track's head, each with the halo that it asks for, and may overlap by
// what the stages behind it ask for. Such a stage keeps on the device what it found for the frames that two windows
// share, and goes on behind them; it serves one batch of tracks, once.
class DeviceStage {
 public:
  virtual ~DeviceStage() = default;
  virtual std::string_view name() const = 0;

  // Frames of input needed before and after a frame of output.
  virtual std::int64_t halo_frames() const = 0;

  // Asks the device for the work and returns. `in` is `out` and the halo at both ends, no more; they do not overlap.
  // `track_frames`, on the device too, holds the length of each row's track.
  virtual void run(const block::InputRows& in, const block::OutputRows& out,
                   block::GlobalSpan<const std::int64_t> track_frames) = 0;

  // Of the whole track, once its last window has been run and the device has been waited for. May ask the device again.
  virtual StageAccount account() { return {}; }

  // What run() moved and computed so far, by the stage's own account: bytes read and written in the device's memory at
  // least once, additions and multiplications.
  struct Work {
    double bytes = 0, flops = 0;
  };
  virtual Work work() const = 0;
};

}  // namespace lathe
