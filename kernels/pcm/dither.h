// The kinds of dither there are.
#pragma once

namespace lathe {

// TPDF is white. Shaped: the same noise and its rounding moved to where they are heard less, for no more than 4 dB more
// of it; strong: for as much as 16 dB. See noise_curve.h.
enum class Dither { none, tpdf, shaped, shaped_strong };

inline bool is_shaped(Dither dither) { return dither == Dither::shaped || dither == Dither::shaped_strong; }

}  // namespace lathe
