// One equaliser for each way that a track can take through it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/equalizer/linear_phase_eq.h"

namespace lathe::test {

struct EqWay {
  std::string name;
  std::shared_ptr<const LinearPhaseEqDesign> design;
  bool channels_are_independent = true;
};

// For stereo tracks.
std::vector<EqWay> eq_ways(double sample_rate_hz);

}  // namespace lathe::test
