// Loudness of what can be heard: without what lies above 20 kHz, which BS.1770 counts in.
//
// A linear-phase low-pass, a sinc under Kaiser's window (Kaiser 1974), 20.5 kHz at its middle: 0.01 dB down at 20 kHz,
// 80 dB down from 21 kHz on, then the meter. Cost: two transforms' share, about 8 ns a sample at 96 kHz.
#pragma once

#include <vector>

#include "kernels/equalizer/pass_runner.h"
#include "kernels/fft/overlap_save.h"
#include "kernels/loudness/loudness_meter.h"

namespace lathe {

// One track, in one go.
class AudibleLoudness {
 public:
  // Above 42 kHz: below, there is no room for the filter's slope.
  static bool is_for(double sample_rate_hz);

  // `weights` as LoudnessMeter has them. Throws std::invalid_argument at a rate that it is not for.
  AudibleLoudness(double sample_rate_hz, std::vector<double> weights);

  // Samples are finite.
  void take(AudioView frames);

  // With no frames to come: LUFS.
  double finish();

 private:
  OverlapSaveKernel low_pass_;
  cpu::PassRunner runner_;
  LoudnessMeter meter_;
};

}  // namespace lathe
