// Linear-phase equaliser: one symmetric FIR for all its bands, by overlap-save, with no net latency; for bands that act
// on the bass alone at a fraction of the rate (bass_kernel.h). The same with minimum phase: a causal FIR that starts at
// once (minimum_phase.h).
//
// y[n] = sum over k of h[k] x[n - k], h[k] = h[-k] (eq_design.h), or h[k] = 0 for k < 0. Halo: half a kernel. Cost on
// AVX-512: about 2.5 ns a sample at 16,383 taps, 0.5 ns for the bass alone. A band of one channel, or of mid or side,
// makes kernels per channel; the bands keep their order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/device_stage.h"
#include "kernels/equalizer/bass_kernel.h"
#include "kernels/equalizer/eq_design.h"
#include "kernels/fft/overlap_save.h"
#include "kernels/stage.h"

namespace lathe {

// A designed equaliser for one sample rate: made once, shared by every track and thread that uses it.
class LinearPhaseEqDesign {
 public:
  // Throws std::invalid_argument for a band that does not fit the rate.
  LinearPhaseEqDesign(std::vector<EqBand> bands, double sample_rate_hz, EqPhase phase = EqPhase::linear);
  // One kernel for every channel.
  explicit LinearPhaseEqDesign(EqKernel kernel);
  // A kernel for mid and one for side, filled up to equal length: for stereo tracks.
  LinearPhaseEqDesign(EqKernel mid, EqKernel side);

  // A run of bands that act on left and right, or on mid and side: one kernel a channel (both the same for stereo
  // bands), of equal length.
  struct Pass {
    bool mid_side = false;
    std::shared_ptr<const OverlapSaveKernel> first;   // left or mid, and every channel of a track that is not stereo
    std::shared_ptr<const OverlapSaveKernel> second;  // right or side
  };

  // For stereo bands that act on the bass alone (a rumble filter): it takes the place of all passes. Else null.
  const BassKernel* bass() const { return bass_ ? &*bass_ : nullptr; }
  const std::vector<Pass>& passes() const { return passes_; }
  EqPhase phase() const { return phase_; }
  double worst_db() const { return worst_db_; }
  // -300 for minimum phase, which has none.
  double pre_ring_db() const { return pre_ring_db_; }
  std::int64_t longest_half() const;
  // Taps of the longest kernel.
  std::int64_t taps() const { return (phase_ == EqPhase::minimum ? 1 : 2) * longest_half() + 1; }
  // Whether a band asks for left, right, mid or side: such a design needs a stereo track.
  bool needs_stereo() const { return needs_stereo_; }

 private:
  EqPhase phase_;
  std::optional<BassKernel> bass_;
  std::vector<Pass> passes_;
  double worst_db_ = 0;
  double pre_ring_db_ = -300;
  bool needs_stereo_ = false;
};

namespace cpu {

// The stage for one track. Throws std::invalid_argument when the design needs stereo and `channels` is not 2.
std::unique_ptr<Stage> make_linear_phase_eq(std::shared_ptr<const LinearPhaseEqDesign> design, int channels);

}  // namespace cpu

namespace cuda {

class Launcher;

// The stage on a GPU, for tracks of that many channels. Throws as cpu::make_linear_phase_eq does, and CudaError.
std::unique_ptr<DeviceStage> make_linear_phase_eq(Launcher& launcher, std::shared_ptr<const LinearPhaseEqDesign> design,
                                                  int channels);

}  // namespace cuda
}  // namespace lathe
