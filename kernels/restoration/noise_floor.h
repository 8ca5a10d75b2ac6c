// The floor of a band: what its power never falls below, and whether it lies there as Gaussian noise does.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

// Levels in dB: of the noise that has as much power in the given share of frames as was measured or less. The power of
// Gaussian noise in a band has a gamma distribution; so for noise alone the levels agree, and under music the higher
// shares rise.
struct BandFloor {
  double at_2_percent = -400;
  double at_5_percent = -400;
  double at_20_percent = -400;

  double rise() const { return at_20_percent - at_5_percent; }
  // The floor without what music adds to the 5 %: as far again and a half below as the 20 % are above (fitted to hiss
  // over dense music).
  double level() const { return at_5_percent - 1.5 * (rise() > 0 ? rise() : 0); }
};

// `powers` holds a band's mean power per bin for each frame; `width` is its bins. Reorders powers.
BandFloor floor_of(std::vector<float>& powers, double width);

// The share of its mean that gamma noise of the given shape exceeds but for `normal_quantile` (Wilson and Hilferty
// 1931).
double gamma_quantile(double shape, double normal_quantile);

// How many independent bins of a Hann window `width` bins are worth.
double independent_bins(double width);

}  // namespace lathe
