// What an equaliser band is asked to be, evaluated as a complex transfer function on the j w axis.
#pragma once

#include <vector>

#include "kernels/math/eq_band.h"

namespace lathe::test {

// |H(j w)| with the analogue prototypes of the RBJ cookbook, Butterworth filters as products over their poles, and tilt
// as one first-order section with half the gain at each end.
double band_gain_oracle(const EqBand& band, double frequency_hz);

// The product over all bands.
double target_oracle(const std::vector<EqBand>& bands, double frequency_hz);

}  // namespace lathe::test
