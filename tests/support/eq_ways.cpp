#include "tests/support/eq_ways.h"

#include <utility>

namespace lathe::test {
namespace {

EqBand on(BandChannel channel, EqBand band) {
  band.channel = channel;
  return band;
}

}  // namespace

std::vector<EqWay> eq_ways(double sample_rate_hz) {
  const auto design = [sample_rate_hz](std::vector<EqBand> bands) {
    return std::make_shared<const LinearPhaseEqDesign>(std::move(bands), sample_rate_hz);
  };
  return {
      {"eq without bands", design({})},
      {"eq, short kernel", design({{BandType::high_shelf, 8000, 3}})},
      {"eq, long kernel", design({{BandType::high_pass, 24, 0, 0.7, 24}, {BandType::bell, 320, -1.2, 0.9}})},
      {"eq of the bass alone", design({{BandType::high_pass, 22}})},
      {"eq, left and right",
       design({on(BandChannel::left, {BandType::bell, 500, 6, 1}), on(BandChannel::right, {BandType::high_pass, 60})})},
      {"eq, mid and side",
       design({on(BandChannel::side, {BandType::high_pass, 120}), on(BandChannel::mid, {BandType::bell, 2000, 2, 1})}),
       false},
      {"eq of minimum phase", std::make_shared<const LinearPhaseEqDesign>(
                                  std::vector<EqBand>{{BandType::high_pass, 60}, {BandType::bell, 2000, 4, 1}},
                                  sample_rate_hz, EqPhase::minimum)},
  };
}

}  // namespace lathe::test
