// Powers of a track in bands, frame by frame: what its noise is estimated from.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/restoration/denoise_transform.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

// Frames stand side by side, not overlapping, in groups of 16 spread evenly over the track.
struct NoiseSurvey {
  std::vector<std::int32_t> edges;  // of the bands, in bins of the survey's transform; bands() + 1
  double bin_hz = 0;
  std::int64_t frames = 0;
  // [band * frames + frame], mean power of a bin in units of white noise of that variance.
  std::vector<std::vector<float>> powers;    // of each channel
  std::vector<std::vector<float>> products;  // Re(a conj b) of channels 2 i and 2 i + 1

  std::int64_t bands() const { return static_cast<std::int64_t>(edges.size()) - 1; }
  double width(std::size_t band) const { return edges[band + 1] - edges[band]; }  // in bins
  double centre_hz(std::int64_t band) const {
    const auto b = static_cast<std::size_t>(band);
    return 0.5 * (edges[b] + edges[b + 1] - 1) * bin_hz;
  }
};

// Frames [from, to) of the track, `most_frames` of the transform at most.
NoiseSurvey survey_noise(const DenoiseTransform& transform, double sample_rate_hz, TrackReader& track,
                         std::int64_t from, std::int64_t to, std::int64_t most_frames);

}  // namespace lathe
