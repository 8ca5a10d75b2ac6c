// A stage of the chain where the samples lie in a device's memory: a pure function of a window of rows.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/block/row_window.h"
#include "kernels/stage_account.h"

namespace lathe {

// The window that comes in is halo_frames() longer at either end than the one that goes out, and what lies outside a
// track is silent in both. The same window gives the same bits, whatever else is in the batch.
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
