// Mid and side of two channels' lowest octaves: powers, floors, whether they are a record's rumble, and their removal.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/fft/wide_fft.h"

namespace lathe {

struct RumbleEvidence {
  bool is_rumble = false;
  double power = 0;      // of the floors that speak for it; mean square of a channel
  double antiphase = 0;  // their power over the mid's at the same bins
  double unrest = 0;     // medians over floors
  double up_to_hz = 0;   // the highest bin of them
  int bins = 0;
};

// For one pair of rows at a low rate (344 to 700 Hz); an odd channel is a pair with itself: no side. Windows are square
// roots of Hann's, 512 points, four over each point.
class RumbleSpectrum {
 public:
  static constexpr std::int64_t kPoints = 512, kHop = kPoints / 4;

  RumbleSpectrum(const std::vector<double>& left, const std::vector<double>& right, double rate_hz);

  // Call before take().
  RumbleEvidence weigh(double track_power);

  // What is to be taken from left and right: `over` floors, weighed by the antiphase of each bin, or, where
  // `without_evidence`, all floors below 32 Hz; times `share`.
  void take(double over, double share, bool without_evidence, std::vector<double>& left,
            std::vector<double>& right) const;

 private:
  enum Source { mid, side };
  struct Batch;  // of 8 frames
  void transform(std::int64_t first_frame, Batch& batch) const;
  double weight(Source source, std::int64_t bin, bool without_evidence) const;
  double hz(std::int64_t bin) const { return static_cast<double>(bin) * rate_hz_ / kPoints; }
  const std::vector<float>& row(Source source, std::int64_t bin) const {
    return powers_[static_cast<std::size_t>(source) * static_cast<std::size_t>(bins_) + static_cast<std::size_t>(bin)];
  }
  double floor(Source source, std::int64_t bin) const {
    return floors_[static_cast<std::size_t>(source) * static_cast<std::size_t>(bins_) + static_cast<std::size_t>(bin)];
  }
  void smooth(Source source);
  void find_floors(Source source);

  const std::vector<double>& left_;
  const std::vector<double>& right_;
  double rate_hz_;
  std::int64_t bins_;    // up to the highest that is treated
  std::int64_t frames_;  // frame m begins at (m - 3) kHop
  std::int64_t whole_;   // frames that lie inside, from the third on
  WideFft fft_;
  std::vector<double> window_;
  std::vector<std::vector<float>> powers_;  // [source][bin][frame], smoothed; mean squares
  std::vector<double> floors_, medians_;    // [source][bin]
  double peak_ = 0, peak_hz_ = 0;           // the strongest bin that speaks for a rumble
};

}  // namespace lathe
