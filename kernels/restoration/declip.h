// Declipping: what lies above a clip level is inferred from the rest of the music.
//
// A frame y = w x of N samples (w a sine window, half overlapping) is taken as Gaussian with the power spectrum P[k]
// that its neighbourhood in time and frequency shows, so its covariance is circulant and its precision is
//   A = W F' diag(N / P) F W           (F the DFT, W = diag(w))
// Given the reliable samples, the clipped ones u have the Gaussian posterior with precision A_uu, cut off by what
// clipping says of each: u_i >= c_i above, u_i <= -c_i below. Its mean, the estimate with the least expected square
// error, is found by expectation propagation; then P is taken anew from the result. Four such rounds do (six where
// much is clipped; all sites move at once, and in wide runs every second round swings low: so an even number). Frames
// of 4096, 2048 and 1024 samples (at 44.1 kHz) are solved one after the other, the short ones first, and blended, each
// sample by the inverse of its variance.
//   local Gaussian model: Bilen, Ozerov and Perez, "Audio declipping via nonnegative matrix factorization" (WASPAA
//     2015), here with smoothed spectra in place of the factorisation
//   neighbourhoods: Siedenburg, Kowalski and Doerfler, "Audio declipping with social sparsity" (ICASSP 2014)
//   cut-off Gaussians: Minka, "Expectation propagation" (UAI 2001); Cunningham, Hennig and Lacoste-Julien, "Gaussian
//     probabilities and expectation propagation" (2011)
// Reliable samples keep their bits; a clipped one comes out at its clip level or beyond, so perhaps beyond full scale.
//
// Latency: none (whole track). Halo: a quarter of a second. Cost: per frame and round two transforms and, with M
// clipped samples, M^3 / 3 multiplications: so N is shorter where much is clipped, and bounded.
//
// Strength: from 0 to 0.5 the estimates move from the clip level to where they belong; from there on less and less
// clipping counts as damage. Tier fast: frames of 1024 samples alone, in two rounds.
#pragma once

#include <memory>

#include "kernels/restoration/restorer.h"

namespace lathe {

struct DeclipSettings {
  RestorationSettings common;

  // Throws std::invalid_argument.
  void check() const;
};

namespace cpu {

// Throws std::invalid_argument when the settings or the format are out of range.
std::unique_ptr<Restorer> make_declip(const DeclipSettings& settings, const RestorationFormat& format);

}  // namespace cpu
}  // namespace lathe
