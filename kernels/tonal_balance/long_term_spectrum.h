// The spectrum of a track over its loud parts: what tonal balance is judged by.
//
// Welch's method (1967): segments of 0.19 s (8192 frames at 44.1 kHz) under a Hann window, half of each shared with the
// next, in mid and side for stereo. Each segment's loudness is its K-weighted power (BS.1770-5, the weighting applied
// to its spectrum); the powers of those above the gates of BS.1770 (-70 LUFS, and 10 LU below the mean of what passes)
// are averaged. Sums are kept by loudness, in steps of 1 LU, so the relative gate stands at a whole LU and memory does
// not grow with the track: at most 2.8 MiB for stereo at 44.1 kHz beside 2.2 MiB to work in. What is left of the last
// segment is not looked at. Cost: two transforms of half a segment's length a sample, 2 x 2.5 log2 N operations.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/tonal_balance/segmented_meter.h"

namespace lathe {

// Mean powers of the loud segments. Bin k is at k * bin_hz; the bins add up to a mean square.
struct LongTermSpectrum {
  double bin_hz = 0;
  std::vector<double> power;  // mean over the channels; empty: no segment is loud, or the track is shorter than one
  std::vector<double> side;   // of a stereo track, the part of `power` that is (left - right) / 2; else empty
  std::int64_t segments = 0;  // looked at
  std::int64_t loud_segments = 0;

  bool is_empty() const { return power.empty(); }
  double nyquist_hz() const { return bin_hz * static_cast<double>(power.empty() ? 0 : power.size() - 1); }
};

// K-weighted mean square of a spectrum.
double k_weighted_power(const LongTermSpectrum& spectrum);

class LongTermSpectrumMeter final : public SegmentedMeter {
 public:
  // Throws std::invalid_argument without channels or with a rate that k_weighting() refuses.
  LongTermSpectrumMeter(double sample_rate_hz, int channels);

  // Frames of a segment: 8192 up to 64 kHz, doubled with the rate.
  static std::int64_t points_at(double sample_rate_hz);

  // After finish().
  LongTermSpectrum spectrum() const;

 private:
  // The segments of one loudness.
  struct Level {
    std::vector<float> power, side;
    double weighted = 0;  // sum of their K-weighted powers
    std::int64_t segments = 0;
  };
  static constexpr int kLevels = 90;  // from -70 LUFS up in steps of 1 LU

  void use(std::int64_t segments) override;

  double sample_rate_hz_;
  std::vector<float> weights_;  // K-weighting's power of each bin, and what makes a mean square of its power
  double scale_ = 0;            // from a bin's power to its part of the mean square
  std::vector<Level> levels_;
  std::int64_t segments_ = 0;
};

}  // namespace lathe
