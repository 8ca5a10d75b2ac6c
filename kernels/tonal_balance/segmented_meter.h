// The powers of a track's overlapping segments, 16 segments at a time in the lanes: what meters of spectra stand on.
//
// Hann windows that overlap by half (Welch 1967). Two channels go through one complex transform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/audio.h"
#include "kernels/fft/lane_fft.h"
#include "kernels/stage.h"

namespace lathe {

// K-weighting's power (BS.1770-5) at multiples of bin_hz from 0. Throws std::invalid_argument for a rate that
// k_weighting() refuses.
std::vector<double> k_weights(double sample_rate_hz, std::size_t bins, double bin_hz);

// How many frequencies a bin stands for: those between 0 and half the rate for both signs of theirs.
inline double sides_of(std::size_t bin, std::size_t bins) { return bin == 0 || bin + 1 == bins ? 1 : 2; }

class SegmentedMeter : public AudioSink {
 public:
  void take(AudioView frames) final;
  void finish() final;

 protected:
  // `points`: frames of a segment, a length that LaneFft takes. With `has_side`, which takes two channels, power() is
  // the mid's and the side's together, and side() the side's; else power() is the sum over the channels. Throws
  // std::invalid_argument without channels.
  SegmentedMeter(std::int64_t points, int channels, bool has_side);

  // The first `segments` of the 16 lanes hold the next ones.
  virtual void use(std::int64_t segments) = 0;

  int channels() const { return channels_; }
  std::int64_t points() const { return points_; }
  std::int64_t bins() const { return bins_; }
  double window_power() const { return window_power_; }  // sum of the window's squares
  const float* power() const { return power_.data(); }   // 16 lanes a bin
  const float* side() const { return more_.data(); }

 private:
  void transform(std::int64_t segments);

  int channels_;
  bool has_side_;
  std::int64_t points_, hop_, bins_;
  LaneFft fft_;
  std::vector<std::int32_t> row_of_bin_;
  std::vector<float> window_;
  double window_power_ = 0;
  std::int64_t stride_;
  AlignedArray<float> held_;  // a row a channel
  AlignedArray<float> re_, im_, power_, more_;
  std::int64_t filled_ = 0;
};

}  // namespace lathe
