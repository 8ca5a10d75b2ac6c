// How far each frequency of a track stands out above its surroundings, over the loud segments: one histogram a
// frequency, so that memory does not grow with the track.
//
// Segments of 0.37 s (16384 frames at 44.1 kHz) under a Hann window, half of each shared with the next; powers are
// added over the channels. Loud is what is above -70 LUFS and within 10 LU of the track's loudness (BS.1770's gates, by
// the segment's K-weighted power). What is left of the last segment is not looked at. Memory: 4.5 MiB, and 1 MiB of
// histograms. Cost: two transforms of half a segment's length a sample.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/tonal_balance/ridge_grid.h"
#include "kernels/tonal_balance/segmented_meter.h"

namespace lathe {

// One frequency's prominence in dB over the loud segments.
class ProminenceHistogram {
 public:
  void add(double db);
  // The value that `share` of the segments stay below.
  double percentile(double share) const;
  // Half of what lies between the 10th and the 90th percentile.
  double spread() const { return 0.5 * (percentile(0.9) - percentile(0.1)); }
  // The share of the segments above `db`.
  double share_above(double db) const;

 private:
  static constexpr double kStep_db = 0.25, kLowest_db = -50;
  static constexpr int kSteps = 480;
  std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(kSteps);
  std::int64_t total_ = 0;
};

class RidgeMeter final : public SegmentedMeter {
 public:
  // `loudness_lufs` is the track's; minus infinity: nothing is loud. Throws std::invalid_argument without channels.
  RidgeMeter(double from_hz, double to_hz, double sample_rate_hz, int channels, double loudness_lufs);

  const RidgeGrid& grid() const { return grid_; }
  const ProminenceHistogram& at(int point) const { return histograms_[static_cast<std::size_t>(point)]; }
  std::int64_t loud_segments() const { return loud_segments_; }
  using SegmentedMeter::bins;
  double bin_hz() const { return sample_rate_hz_ / static_cast<double>(points()); }

 private:
  void use(std::int64_t segments) override;

  double sample_rate_hz_;
  double gate_;                 // K-weighted power of a segment
  std::vector<float> weights_;  // K-weighting's power of each bin, and what makes a mean square of its power
  RidgeGrid grid_;
  std::vector<ProminenceHistogram> histograms_;
  std::vector<double> levels_, prominence_;
  std::int64_t loud_segments_ = 0;
};

}  // namespace lathe
