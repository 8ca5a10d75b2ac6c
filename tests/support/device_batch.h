// What the parts of a device's backend do beyond a first pass: tracks side by side, transforms and gates by themselves,
// memory that nobody wrote.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/fft/batch_fft.h"
#include "kernels/loudness/device_levels.h"
#include "kernels/loudness/loudness_reading.h"
#include "tests/support/track.h"

namespace lathe::test {

enum class TestBackend;  // backends.h

// Tracks of a batch all have the same number of channels, and lengths of their own.
using Tracks = std::vector<FloatTrack>;

class DeviceBatch {
 public:
  virtual ~DeviceBatch() = default;

  // What the stage makes of each track, in one window. All come back as long as the longest: what lies behind a track
  // is the stage's as well.
  virtual Tracks equalise(std::shared_ptr<const LinearPhaseEqDesign> design, const Tracks& tracks) = 0;
  virtual Tracks amplify(double gain, const Tracks& tracks) = 0;

  // A reading of each track with its trace. Segments of `segment_frames` frames, a multiple of
  // DeviceMeter::grid_frames().
  virtual std::vector<LoudnessReading> measure(const Tracks& tracks, double sample_rate_hz,
                                               const std::vector<double>& weights, std::int64_t segment_frames) = 0;

  virtual LoudnessLevels levels_of(const HopEnergies& hops) = 0;

  // `values` holds sequences of `points` values one after the other.
  virtual std::vector<Complex32> forward(std::vector<Complex32> values, std::int64_t points) = 0;
  virtual std::vector<Complex32> inverse(std::vector<Complex32> values, std::int64_t points) = 0;

  // `frames` frames of memory that nobody wrote, after a gain of 1.
  virtual std::vector<float> amplify_unwritten(std::int64_t frames) = 0;
};

// Of block kernels or CUDA. Throws std::invalid_argument for the CPU, BackendAbsent without a GPU.
std::unique_ptr<DeviceBatch> open_batch(TestBackend backend);
std::unique_ptr<DeviceBatch> open_cuda_batch();

}  // namespace lathe::test
