// Loudness and true peak of one track: ITU-R BS.1770-5, EBU Tech 3341 and 3342, on the CPU.
//
// K-weighting with 16 hops of 10 ms in the lanes, in float32 with float64 carries (k_filter.h), gating in
// math/gating.h. True peak: bounds of the 16x filter leave the stretches that could hold the maximum, a quick reading
// at 4x the places in them, and 16x with 64 taps the answer (true_peak.h). Cost at 44.1 kHz on AVX-512: 0.5 ns a sample
// without true peak, 0.7 to 1.7 with it, the more the louder and the brighter the track.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/audio.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_reading.h"
#include "kernels/stage.h"

namespace lathe {

class LoudnessMeter final : public AudioSink {
 public:
  struct Setup {
    double sample_rate_hz = 0;
    std::vector<double> weights;  // one a channel
    bool true_peak = true;
    bool trace = false;
    std::int64_t frames = 0;  // of the track, where known: room for its trace is then made at once
    std::shared_ptr<TraceMemory> trace_memory = nullptr;  // null: the heap
  };

  // Throws std::invalid_argument without channels or with a rate k_weighting() refuses.
  explicit LoudnessMeter(Setup setup);
  ~LoudnessMeter() override;

  // Samples are finite: the caller has looked (find_non_finite).
  void take(AudioView frames) override;
  void finish() override;

  // After finish().
  LoudnessFigures figures() const;
  const HopEnergies& hops() const;
  double true_peak() const;    // linear
  double sample_peak() const;  // linear
  const GroupTrace& trace() const;
  // All of it; what the meter kept is moved out.
  LoudnessReading take_reading();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lathe
