// An equaliser that acts on the bass alone, at a fraction of the rate: what rumble filters cost least by.
//
//   y[n] = x[n] + F sum over j of p[n - F j] (d * u)[j],   u[m] = sum over k of p[k] x[F m + k]
// p is the F-sample mean applied eight times: it has eightfold zeros at every multiple of fs / F, so what folds into
// the bass there, and its images on the way back, lie under -110 dB. Its droop is taken out in d, which makes the
// bands' product less 1 (multirate filtering, Crochiere and Rabiner 1983, ch. 4 and 5). All is symmetric: no phase, no
// delay.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/fft/overlap_save.h"
#include "kernels/math/eq_band.h"

namespace lathe {

class BassKernel {
 public:
  // Nothing when the bands change more than the bass (above about fs / (9 F) by more than 0.01 dB), or when a kernel of
  // a second would not do. F is 16 at 44.1 and 48 kHz and grows with the rate.
  static std::optional<BassKernel> design(const std::vector<EqBand>& bands, double sample_rate_hz);

  std::int64_t factor() const { return factor_; }        // F
  const float* lower() const { return lower_.data(); }   // p[-4F .. 4F - 1]
  const float* raise() const { return raise_.data(); }   // [t][r] = F p[(3 - t) F + r], t = 0 .. 7, r = 0 .. F - 1
  const OverlapSaveKernel& low() const { return low_; }  // d
  std::int64_t half() const { return static_cast<std::int64_t>(taps_.size()) - 1; }
  // The whole as one kernel h[0..half] at the full rate, but for what folds.
  const std::vector<double>& taps() const { return taps_; }
  double worst_db() const { return worst_db_; }  // as in EqKernel

 private:
  BassKernel(const std::vector<double>& low_taps, std::int64_t factor, double worst_db);

  std::int64_t factor_;
  AlignedArray<float> lower_;
  AlignedArray<float> raise_;
  OverlapSaveKernel low_;
  std::vector<double> taps_;
  double worst_db_;
};

}  // namespace lathe
