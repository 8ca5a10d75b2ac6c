// Clicks and pops: found by what an autoregressive model of the music predicts from neither side in time, judged by
// their shape, and mended one by one; every other sample keeps its bits.
//
// Detection (impulse_scan.h): with the model x[n] = -sum of a[k] x[n-k] + e[n] of each block, prediction errors forward
// and backward are compared with a robust level of their surroundings (Godsill and Rayner, Digital Audio Restoration,
// 1998, ch. 5; Niedzwiecki and Ciolek, IEEE TASLP 21(5), 2013). Alarms nearer than the longest click are one click; the
// block is modelled again once they are filled. A logistic regression weighs each against attacks and cuts of music
// (ImpulseScan::evidence). Repair (impulse_repair.h, click_shapes.h): least-squares interpolation (Janssen, Veldhuis
// and Vries, IEEE TASSP 34(2), 1986) with the other channel as a regressor where that is clean, then the mean of the
// music under a mixture of simple shapes of damage: an offset is subtracted, a dying burst's tail is kept where it is
// weaker than the interpolation's error.
//
// The track is looked at once (examine) and repaired in a second reading. What is repaired depends on how many clicks
// are beyond doubt: in a track full of clicks doubtful ones are likelier. Two channels are looked at together, more
// than two each alone.
//
// Figures. Finding: impulses_per_minute (would be repaired at strength 0.5), sure_impulses_per_minute (by probability),
// candidates_per_minute, strongest_log_odds (natural logarithm), blocks_cut_short (passes over a block with more than
// 48 spans; the rest of its alarms is left alone). Result: repairs, samples_changed, removed_dbfs (mean power of what
// was taken away), least_log_odds (that a repair needed).
//
// Latency: the whole track. Halo: 768 frames beside blocks of 3,072 (examine), some 1,900 beside blocks of 24,576
// (restore), times the rate over 44.1 kHz. Cost: about 15 ns a sample to examine, 0.1 ms a repair.
// Known limits: clicks under loud dense music are missed by a quarter; at 8 kHz few are found.
#pragma once

#include <memory>

#include "kernels/restoration/restorer.h"

namespace lathe {

struct DeclickSettings {
  RestorationSettings common;  // tier fast: one pass of detection, one fit a repair, no help of the other channel
  double max_repair_ms = 4;    // 0.05 to 50, taken for 10 at most: what is longer is no click

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {
std::unique_ptr<Restorer> make_declick(const DeclickSettings& settings, const RestorationFormat& format);
}

namespace cuda {
class Accelerator;

// The search on a GPU, everything else on the CPU; the same result as the CPU's. `accelerator` outlives it. Throws
// BackendAbsent in a build without CUDA; CudaError.
std::unique_ptr<Restorer> make_declick(Accelerator& accelerator, const DeclickSettings& settings,
                                       const RestorationFormat& format);
}  // namespace cuda

}  // namespace lathe
