// Loudness and true peak where the samples lie in a device's memory: segment after segment of a batch of tracks.
//
// The figures of loudness_meter.h with the K filter's states in float64 throughout (k_filter_blocks.h), true peak by
// true_peak_blocks.h.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/loudness/loudness_reading.h"

namespace lathe {

class DeviceMeter {
 public:
  struct Setup {
    double sample_rate_hz = 0;
    std::vector<double> weights;             // one a channel, the same for every track of the batch
    std::vector<std::int64_t> track_frames;  // one a track
    bool true_peak = true;
    bool trace = false;
    // The most that measure() is given at a time. Where a track is longer: a multiple of grid_frames(), and 0.12 s.
    std::int64_t segment_frames = 0;
  };

  // Frames that must lie in the window before and behind a segment.
  static constexpr std::int64_t kHaloFrames = 128;

  // Segments begin at multiples of this.
  static std::int64_t grid_frames(double sample_rate_hz);

  virtual ~DeviceMeter() = default;

  // Asks for frames [first, first + frames) of every track and returns. `window` has kHaloFrames more at either end,
  // and stays as it is until the device has done its work. Segments come in order and leave nothing out; all but the
  // last have segment_frames frames. `track_frames` is the setup's, once a row, on the device.
  virtual void measure(const block::InputRows& window, std::int64_t first, std::int64_t frames,
                       block::GlobalSpan<const std::int64_t> track_frames) = 0;

  // After the device has done what was asked before the last `left` calls of measure() (0 or 1): keeps the trace of
  // what lies before. To be called between calls of measure(), when a trace is wanted.
  virtual void collect(int left) = 0;

  // Waits for the device. One reading a track.
  virtual std::vector<LoudnessReading> finish() = 0;

  virtual DeviceStage::Work work() const = 0;
};

namespace cuda {

class Launcher;

// On a GPU. Throws std::invalid_argument without channels, tracks or a segment length, as k_weighting() does, and
// CudaError.
std::unique_ptr<DeviceMeter> make_meter(Launcher& launcher, DeviceMeter::Setup setup);

}  // namespace cuda
}  // namespace lathe
