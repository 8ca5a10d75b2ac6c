// Interpolation between samples for true peak: a band-limited signal's values at fractions of a sample.
#pragma once

#include <cstdint>

#include "kernels/aligned.h"

namespace lathe {

// A bank of windowed-sinc fractional delays: phase p of P gives x(n + p / P) from `taps` samples around n,
//   x(n + p/P) = sum over k of coefficient[p][k] * x[n - taps/2 + 1 + k].
// Kaiser window (beta from the stop-band attenuation that `taps` allows at 0.4535 fs, Kaiser 1974); each phase is
// scaled to unity at DC.
//
// Phases p and P - p mirror each other about n + 1/2. With s[i] = x[n+1+i] + x[n-i] and d[i] = x[n+1+i] - x[n-i] they
// are E + O and E - O, E = sum of even[p][i] * s[i], O = sum of odd[p][i] * d[i]: one multiplication a tap for both
// phases, and the larger of the two magnitudes is |E| + |O|. Phase P/2 has no O.
struct InterpolationBank {
  int phases = 0;
  int taps = 0;
  AlignedArray<float> coefficients;  // phases - 1 rows (phase 0 is the sample itself) of `taps`
  AlignedArray<float> folded;        // taps / 2 rows of phases - 1: even[P/2], then even[p], odd[p] of p = 1 .. P/2 - 1
  // 16 phases only, for one place at a time: taps / 2 rows of even[1..8] and odd[1..8].
  AlignedArray<float> by_phase;
  // |x(n + p/P)| <= bound * max |x| around n, whatever the signal: the largest absolute sum of a phase, at least 1.
  float bound = 1;
  // |x(n + p/P)| <= max(|x[n]|, |x[n+1]|) + bend_bound * max |x[j-1] - 2 x[j] + x[j+1]| + slope_bound * max |x| around
  // n: what a phase has beside the straight line between two samples, summed twice (see interpolation.cpp). Far closer
  // than `bound` unless the signal is mostly treble.
  float bend_bound = 0;
  float slope_bound = 0;
};

// Throws std::invalid_argument unless taps is 16, 32 or 64 and phases is 4 or 16: what the kernels are written for.
InterpolationBank make_interpolation_bank(int phases, int taps);

// 4x, 16 taps a phase: for finding the places where a peak of a whole track could be.
const InterpolationBank& quick_bank();

// 4x, 32 taps a phase: the search. Within 0.02 dB of a tone up to 0.40 fs at the phases it computes; between them a
// peak can hide up to 0.69 dB (20 log10 cos(pi / 8) at fs / 2, BS.1770-5 Annex 2 attachment 1).
const InterpolationBank& search_bank();

// 16x, 64 taps a phase: the answer. Under-reads at most 0.042 dB at fs / 2, 0.034 dB at 0.45 fs.
const InterpolationBank& answer_bank();

// Frames needed before and after a frame by any bank.
constexpr int kInterpolationHalo = 32;

// One figure for each group of 8 frames: what peaks are stored and limited by.
constexpr int kPeakGroup = 8;

// Groups before and after a group that 32 taps reach.
constexpr std::int64_t kReachGroups = 2;

// Frames that a search of a track looks at together.
constexpr int kPeakStretch = 32;

// By the quick bank a place is worth the answer bank if its reading exceeds kQuickShare of the peak, and exceeds the
// peak itself when raised by kBendShare of the largest second difference within 4 frames. Both were found by sweeps:
// over tones up to fs / 2, bursts, mixtures, clipped and unclipped noise of all colours and random signs the quick
// reading at the place of the peak is at least 0.874 of it, and lacks at most 0.074 second differences.
constexpr float kQuickShare = 0.85f, kBendShare = 0.125f;

// x needs kInterpolationHalo readable frames on both sides.
struct InterpolationKernels {
  // peaks[g] = max(peaks[g], max of |x(n + p/P)| over frames n of group g and all phases); frames a multiple of 16.
  void (*group_peaks)(const InterpolationBank&, const float* x, std::int64_t frames, float* peaks);
  // max |x| of `count` frames.
  float (*highest)(const float* x, std::int64_t count);
  // Same of the samples alone: peaks[g] = max(peaks[g], max |x[n]|).
  void (*group_sample_peaks)(const float* x, std::int64_t frames, float* peaks);
  // Same of the second differences: bends[g] = max(bends[g], max |x[n-1] - 2 x[n] + x[n+1]|). Frames a multiple of 8.
  void (*group_bends)(const float* x, std::int64_t frames, float* bends);
  // Bit k of over[i] is set where the bank, whose taps reach kReachGroups groups, could find more than `limit` in group
  // 16 i + k, by the figures of group_sample_peaks and group_bends. `over` has (groups + 15) / 16 elements.
  void (*groups_over)(const InterpolationBank&, const float* peaks, const float* bends, std::int64_t groups,
                      float limit, std::uint16_t* over);
  // For each of `count` stretches of kPeakStretch frames from x on: max |x| and max |x[j-1] - 2 x[j] + x[j+1]|.
  void (*stretch_bounds)(const float* x, std::int64_t count, float* highest, float* bend);
  // Bit n is set where the answer_bank() could find more than `peak` between frame n and the next, for the kPeakStretch
  // frames from x on; by quick_bank(), see kQuickShare.
  std::uint32_t (*places_over)(const InterpolationBank& quick, const float* x, float peak);
  // By answer_bank(): max of |x(p/16)|, p = 0 .. 15, of the one frame x[0].
  float (*peak_at)(const InterpolationBank& answer, const float* x);
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
