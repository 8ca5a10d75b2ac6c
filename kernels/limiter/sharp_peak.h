// The curve between samples up to the end of the band, for proving that a limited track keeps its ceiling whoever
// measures it.
//
// A meter's interpolator (loudness/interpolation.h) rolls off from 0.4535 of the rate on, 20 kHz at 44.1 kHz. Clipped
// music has content above, and converters, codecs and resamplers differ in how much of it they pass: those that pass
// more and those that pass less may both read higher, by a quarter of a decibel in 30 tracks driven by 12 dB. So the
// curve is looked at three times: flat to 0.49 of the rate, and falling to nothing at 0.5 from 0.475 or from 0.457 on,
// as resamplers do that keep images out (SoX's rate -v, libsoxr's VHQ). 256 taps a phase, Kaiser windows, 16 phases.
#pragma once

namespace lathe {

// Frames that are read before and after the one that is asked for.
constexpr int kSharpPeakHalo = 128;

// Largest |x(p / 16)|, p = 0 .. 15: the sample and the curve up to the next. x[-kSharpPeakHalo .. kSharpPeakHalo] are
// readable. Below `worth` only the first of the three curves is looked at.
float sharp_peak(const float* x, float worth);

}  // namespace lathe
