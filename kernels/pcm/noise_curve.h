// Where shaped dither puts its noise: the filter of the error that is fed back, designed for any rate.
//
// Error feedback makes the noise of quantising e(n) into y - x = e(n) + sum of a[k] e(n - k), a minimum-phase filter H
// of the white e: it moves noise, and the mean of log|H|^2 over frequency is never below 0 (Gerzon and Craven, "Optimal
// noise shaping and dither of digital signals", AES preprint 2822, 1989). Of all H with 9 taps this is the one with the
// least noise as it is heard, the integral of |H|^2 W, that makes the noise as a whole no more than a limit louder:
//
//   minimise  integral |H|^2 (W + lambda),  lambda such that the sum of the squares of H's taps is at most the limit
//
// which for a given lambda are the normal equations of linear prediction on the spectrum W + lambda, solved by
// Levinson's recursion; lambda by bisection. H is minimum-phase because every such predictor's error filter is
// (Lipshitz, Vanderkooy and Wannamaker, "Minimally audible noise shaping", JAES 39, 1991, shape by the same feedback;
// Wannamaker, "Psychoacoustically optimal noise shaping", JAES 40, 1992, by what the ear hears of faint noise).
//
// W is a product of powers of two curves: A-weighting (IEC 61672-1), which is loudness at 40 phon, and the threshold in
// quiet (Terhardt, "Calculating virtual pitch", Hearing Research 1, 1979). The second alone would put all noise above
// 16 kHz and let it pass what A-weighting finds there; the first alone hardly shapes, for it is flat to 1 dB from 800
// Hz to 7 kHz and only 9 dB down at 20 kHz: no shaping at 44.1 kHz lowers A-weighted noise up to 20 kHz by more
// than 1.7 dB. `shaped` is mostly A-weighting's and softer by every measure; `shaped-strong` goes half and half, for
// the threshold, and A-weighting up to 20 kHz finds it louder.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/pcm/dither.h"

namespace lathe {

struct NoiseCurve {
  static constexpr int kTaps = 9;

  std::array<std::int32_t, kTaps> taps_q16{};  // a[1] .. a[9] in units of 2^-16: these very numbers shape

  // |H(f)|^2 at `freq_hz`.
  double power_at(double freq_hz) const;

  // By how many dB the noise is louder or softer than TPDF's: as it is heard (W), at the threshold in quiet, and by
  // A-weighting, each from 20 Hz to `up_to_hz` or half the rate; and its power as a whole.
  double heard_db(double up_to_hz = 20000) const;
  double threshold_db(double up_to_hz = 20000) const;
  double a_weighted_db(double up_to_hz = 20000) const;
  double power_db() const;

  double sample_rate_hz = 0;
  double a_share = 1;  // of A-weighting in W
};

// The curve of Dither::shaped or Dither::shaped_strong at a rate of 8 to 384 kHz. Throws std::invalid_argument for
// other dithers and rates.
NoiseCurve noise_curve(Dither dither, double sample_rate_hz);

// How much a quiet sound of a frequency counts, as power, 1 at 1 kHz for the first.
double a_weighting(double freq_hz);
double threshold_weighting(double freq_hz);

}  // namespace lathe
