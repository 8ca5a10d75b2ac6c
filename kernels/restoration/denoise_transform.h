// Short-time transforms of two real channels at once, sixteen frames in the lanes.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/fft/lane_fft.h"

namespace lathe {

// Windowed transforms of `points()` frames, the nearest power of two to as many seconds as `points_at_44100` has at
// 44.1 kHz, and at least 64. Immutable, shared by all channels.
class DenoiseTransform {
 public:
  DenoiseTransform(double sample_rate_hz, std::int64_t points_at_44100, std::int64_t hops_in_window);

  std::int64_t points() const { return fft_.rows(); }
  std::int64_t bins() const { return points() / 2 + 1; }
  std::int64_t hop() const { return hop_; }
  // Samples that 16 frames `step` samples apart lie on.
  std::int64_t span(std::int64_t step) const { return 15 * step + points(); }

  // The square root of a Hann window, of which analysis and synthesis make a whole one.
  const float* window() const { return window_.data(); }
  // The same divided by points() and by how much the windows overlap.
  const float* synthesis_window() const { return synthesis_window_.data(); }
  // A Hann window, for measuring: it leaks least from the bass to the treble.
  const float* survey_window() const { return survey_window_.data(); }
  // Sum of a window's squares: the power of white noise of variance 1 in a bin.
  double window_power() const { return static_cast<double>(points()) / 2; }
  double survey_window_power() const { return static_cast<double>(points()) * 3 / 8; }

  const std::int32_t* row_of_bin() const { return row_of_bin_.data(); }

  // The transform of a + i b (b may be null: silence) for 16 frames `step` samples apart; points() * 16 floats each.
  void analyse(const float* a, const float* b, std::int64_t step, const float* window, float* re, float* im) const;
  // Back, added to a and b (which may be null) at hop().
  void synthesise(float* re, float* im, float* a, float* b) const;

 private:
  LaneFft fft_;
  std::int64_t hop_;
  AlignedArray<float> window_, synthesis_window_, survey_window_;
  std::vector<std::int32_t> row_of_bin_;
};

}  // namespace lathe
