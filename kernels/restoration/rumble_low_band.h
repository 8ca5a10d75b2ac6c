// The lowest octaves of a track in double, and what is taken of them subtracted at the full rate.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/restorer.h"

namespace lathe {

// low[i] = sum over n of x[n] h(n - i factor), and back: x[n] = factor sum over i of low[i] h(n - i factor); h a Kaiser
// windowed sinc of 12 factor + 1 taps that sums to 1, so neither delays. The low rate is 344 to 700 Hz; both ways
// together are flat within 0.01 dB up to a quarter of it.
class RumbleLowBand {
 public:
  // Reads the whole track.
  RumbleLowBand(TrackReader& track, double sample_rate_hz);

  double rate_hz() const { return rate_hz_; }
  int channels() const { return static_cast<int>(rows_.size()); }
  std::int64_t frames() const { return frames_; }
  const std::vector<double>& row(int channel) const { return rows_[static_cast<std::size_t>(channel)]; }
  // Mean square of the track's samples at all frequencies, over all channels.
  double track_power() const { return track_power_; }

  struct Subtraction {
    double removed_power = 0;  // mean square over all channels
    std::int64_t samples_changed = 0;
  };
  // The track without `taken`: rows as long as the low band's, or empty ones for channels that keep their bits.
  Subtraction subtract(TrackReader& track, const std::vector<std::vector<double>>& taken, AudioSink& out) const;

 private:
  double interpolated(const std::vector<double>& row, std::int64_t frame) const;

  std::int64_t factor_;
  double rate_hz_;
  std::int64_t frames_;
  std::vector<double> taps_;    // h, from its first
  std::vector<double> phases_;  // [frame % factor][tap]: of the way back
  std::vector<std::vector<double>> rows_;
  double track_power_ = 0;
};

}  // namespace lathe
