// The lowest octaves of a track at a low rate, all of it in memory: what hum is looked for in.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/restorer.h"

namespace lathe {

// u[i] = sum over k of h[k] x[factor i - half + k]: a Kaiser-windowed sinc of 12 factor + 1 taps, no delay. The low
// rate is 2.7 to 4.05 kHz (44.1 kHz: 2,756 Hz); up to 0.36 of it what folds back is 65 dB down. Memory: 40 MB per
// channel and hour. Cost: 12 multiply-adds a sample.
class LowBand {
 public:
  // Reads the whole track.
  LowBand(TrackReader& track, double sample_rate_hz);

  double rate_hz() const { return rate_hz_; }
  int channels() const { return channels_; }
  std::int64_t frames() const { return frames_; }
  const float* row(int channel) const { return data_.data() + channel * stride_; }
  // Lines above are not looked at.
  double highest_hz() const { return 0.36 * rate_hz_; }
  // Mean square of the whole track's samples, over all channels and all frequencies.
  double track_power() const { return track_power_; }
  // What the filter makes of a line: real, for it is symmetric.
  double response(double frequency_hz) const;

 private:
  double sample_rate_hz_;
  std::int64_t factor_;
  double rate_hz_;
  int channels_;
  std::int64_t frames_;
  std::int64_t stride_;
  std::vector<float> taps_;
  std::vector<float> data_;
  double track_power_ = 0;
};

}  // namespace lathe
