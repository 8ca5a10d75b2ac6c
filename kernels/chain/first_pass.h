// The first pass over a track: from the bytes of its file through the stages before the limiter, measured before and
// after them. One interface for every backend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "kernels/cuda/accelerator.h"
#include "kernels/dynamics/compressor.h"
#include "kernels/dynamics/gain_ride.h"
#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/loudness/loudness_reading.h"
#include "kernels/pcm/encoding.h"
#include "kernels/pcm/pcm.h"
#include "kernels/stage.h"
#include "kernels/stereo/stereo.h"

namespace lathe {

// A stage before the limiter: an equaliser, a stereo stage, a compressor, a gain that rides the track, or a linear
// gain.
using ChainStep = std::variant<std::shared_ptr<const LinearPhaseEqDesign>, std::shared_ptr<const StereoDesign>,
                               std::shared_ptr<const CompressorDesign>, std::shared_ptr<const GainRide>, double>;

struct FirstPassSetup {
  Encoding encoding = Encoding::pcm24;
  double sample_rate_hz = 0;
  std::int64_t frames = 0;      // of the track
  std::vector<double> weights;  // of the channels: channel_weights()
  std::vector<ChainStep> steps;
  bool scrub = false;                                   // samples that no processing can use become 0
  bool trace = false;                                   // of what comes out of the steps
  std::shared_ptr<TraceMemory> trace_memory = nullptr;  // for it, on the CPU; null: the heap
  // Whether the true peak behind the steps is wanted; before them it always is.
  bool staged_true_peak = false;
  // What a device takes at a time, over all channels; the equaliser's last bits depend on it.
  std::int64_t segment_samples = std::int64_t{1} << 23;

  int channels() const { return static_cast<int>(weights.size()); }
};

struct FirstPassResult {
  LoudnessReading before;                 // with the trace, when there are no steps
  std::optional<LoudnessReading> staged;  // what came out of the steps, if there are any
  std::vector<StageAccount> accounts;     // one a step
  NonFinite non_finite;                   // without `scrub` a track that has any is not to be used
};

// For one thread. All take(), then finish(), once.
class FirstPass {
 public:
  virtual ~FirstPass() = default;

  // Where the next bytes of the file belong; `frames`, at least 1, is how many are at hand, and comes back as how many
  // have room, at least 1. Behind them kPcmSlackBytes are writable.
  virtual std::byte* room(std::int64_t& frames) = 0;

  // That many frames have been written there. Hands on what is ready. Throws what the sink throws, and CudaError.
  virtual void take(std::int64_t frames) = 0;

  // Instead of room() and take(), for a setup of Encoding::float32: samples that lie in memory as planes. The view is
  // only valid in the call.
  virtual void take_planes(AudioView frames);

  // Throws as take() does, and std::logic_error when fewer frames came than were promised.
  virtual FirstPassResult finish() = 0;
};

namespace cpu {

// `out` is null when nobody wants the samples; otherwise it outlives the pass. Throws std::invalid_argument for steps
// that do not fit the track.
std::unique_ptr<FirstPass> make_first_pass(FirstPassSetup setup, AudioSink* out);

}  // namespace cpu

namespace cuda {

// The same on a GPU: the file's own integers go up once, what comes out of the steps comes down once. `accelerator` is
// of this thread and outlives the pass. Also throws BackendAbsent, CudaError.
std::unique_ptr<FirstPass> make_first_pass(Accelerator& accelerator, FirstPassSetup setup, AudioSink* out);

}  // namespace cuda

// Memory that a pass on a device takes, with a tenth to spare.
struct DevicePassBytes {
  std::int64_t device = 0;
  std::int64_t host = 0;
};
DevicePassBytes device_pass_bytes(const FirstPassSetup& setup);

}  // namespace lathe
