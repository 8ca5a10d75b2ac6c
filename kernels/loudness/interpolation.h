// Interpolation between samples for true peak: a band-limited signal's values at fractions of a sample.
#pragma once

#include <cstdint>

#include "kernels/aligned.h"

namespace lathe {

// A bank of windowed-sinc fractional delays: phase p of P gives x(n + p / P) from `taps` samples around n,
//   x(n + p/P) = sum over k of coefficient[p][k] * x[n - taps/2 + 1 + k].
// Kaiser window (beta from the stop-band attenuation that `taps` allows at 0.4535 fs, Kaiser 1974); each phase is scaled
// to unity at DC.
struct InterpolationBank {
  int phases = 0;
  int taps = 0;
  AlignedArray<float> coefficients;  // phases - 1 rows (phase 0 is the sample itself) of `taps`
  // |x(n + p/P)| <= bound * max |x| around n, whatever the signal: the largest absolute sum of a phase, at least 1.
  float bound = 1;
};

// Throws std::invalid_argument unless taps is 32 or 64 and phases is 4 or 16: what the kernels are written for.
InterpolationBank make_interpolation_bank(int phases, int taps);

// 4x, 32 taps a phase: the search. Within 0.02 dB of a tone up to 0.40 fs at the phases it computes; between them a peak
// can hide up to 0.69 dB (20 log10 cos(pi / 8) at fs / 2, BS.1770-5 Annex 2 attachment 1).
const InterpolationBank& search_bank();

// 16x, 64 taps a phase: the answer. Under-reads at most 0.042 dB at fs / 2, 0.034 dB at 0.45 fs.
const InterpolationBank& answer_bank();

// Frames needed before and after a frame by either bank.
constexpr int kInterpolationHalo = 32;

// One figure for each group of 8 frames: what peaks are stored and limited by.
constexpr int kPeakGroup = 8;

struct InterpolationKernels {
  // peaks[g] = max(peaks[g], max of |x(n + p/P)| over frames n of group g and all phases); frames a multiple of 16.
  // x needs kInterpolationHalo readable frames on both sides.
  void (*group_peaks)(const InterpolationBank&, const float* x, std::int64_t frames, float* peaks);
  // Same of the samples alone: peaks[g] = max(peaks[g], max |x[n]|).
  void (*group_sample_peaks)(const float* x, std::int64_t frames, float* peaks);
};

namespace sse2 {
extern const InterpolationKernels interpolation_kernels;
}
namespace avx2 {
extern const InterpolationKernels interpolation_kernels;
}
namespace avx512 {
extern const InterpolationKernels interpolation_kernels;
}

const InterpolationKernels& interpolation_kernels();

}  // namespace lathe
