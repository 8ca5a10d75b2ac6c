// Analogue magnitudes of equaliser bands: what a linear-phase EQ is asked to be.
#pragma once

#include <vector>

namespace lathe {

enum class BandType { high_pass, low_pass, bell, low_shelf, high_shelf, notch, band_pass, tilt };

// Which signal a band acts on.
enum class BandChannel { stereo, left, right, mid, side };

struct EqBand {
  BandType type = BandType::bell;
  double freq_hz = 1000;  // centre, corner or pivot; 5 Hz up to half the sample rate
  double gain_db = 0;     // bell, shelves, tilt; -36 to +36
  double q = 0.70710678;  // bell, shelves, notch, band-pass; 0.05 to 100
  int slope_db_oct = 12;  // high-pass and low-pass: 6 to 96 in steps of 6
  BandChannel channel = BandChannel::stereo;

  // Throws std::invalid_argument that names the field.
  void check() const;
};

// |H(j 2 pi f)| at frequency_hz >= 0 of one band. Bell, shelves, notch and band-pass (0 dB at its peak) are the
// analogue prototypes of the RBJ cookbook (Bristow-Johnson) with A = 10^(gain/40); high- and low-pass are Butterworth
// of order slope / 6; tilt is the product of a first-order low shelf of -gain/2 and a
// first-order high shelf of +gain/2, both with half of their gain at freq_hz: 0 dB there.
double magnitude(const EqBand& band, double frequency_hz);

}  // namespace lathe
