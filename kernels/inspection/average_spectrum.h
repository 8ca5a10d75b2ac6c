// The spectrum of each channel, averaged over a whole track, and the walls in it from moment to moment.
//
// Welch's method (1967): segments of 2048 frames, side by side, each under a Hann window, their powers averaged; what
// is left of the last segment is not looked at. Cost: 5 N log2 N operations for two segments of N = 2048 (Cooley and
// Tukey), about 30 a sample.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/audio.h"
#include "kernels/inspection/spectral_walls.h"

namespace lathe {

// Mean power of each bin: bin k is at k * bin_hz, and all bins of a channel add up to its mean square (of what the
// windows let through). Empty for tracks shorter than a segment.
struct Spectrum {
  double bin_hz = 0;
  std::int64_t segments = 0;                // that were averaged
  std::vector<std::vector<double>> powers;  // one a channel, kPoints / 2 + 1 bins
  SpectralWallFacts walls{};
};

class AverageSpectrum {
 public:
  static constexpr std::int64_t kPoints = 2048;

  // Room to work in, half a megabyte for stereo: whoever looks at many tracks one after the other makes it once.
  struct Workspace {
    AlignedArray<float> held;  // kSpectrumBatch segments of each channel
    AlignedArray<float> re, im;
    void fit(int channels);
  };

  // Without a workspace it makes its own; one that is given serves one track at a time.
  AverageSpectrum(double sample_rate_hz, int channels, Workspace* workspace = nullptr);
  AverageSpectrum(const AverageSpectrum&) = delete;
  AverageSpectrum& operator=(const AverageSpectrum&) = delete;

  // The next frames of the track, in blocks of any size.
  void take(AudioView frames);

  // With no frames to come.
  Spectrum finish();

 private:
  void transform();
  void look_for_walls(std::int64_t windows);

  double sample_rate_hz_;
  int channels_;
  Workspace own_;
  Workspace& space_;
  std::vector<std::vector<double>> rows_;  // powers in the transform's order, one list a channel
  AlignedArray<float> bands_;              // [band * 16 + window], summed over the channels
  SpectralWalls walls_;
  std::int64_t filled_ = 0;  // frames held
  std::int64_t segments_ = 0;
};

}  // namespace lathe
