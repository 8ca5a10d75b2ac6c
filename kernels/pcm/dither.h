// The kinds of dither there are.
#pragma once

namespace lathe {

// TPDF is white. Shaped: the same noise and its rounding moved to where the ear is deaf, for as much as 16 dB more of
// it; light: for no more than 4 dB. See noise_curve.h.
enum class Dither { none, tpdf, shaped, shaped_light };

inline bool is_shaped(Dither dither) { return dither == Dither::shaped || dither == Dither::shaped_light; }

}  // namespace lathe
